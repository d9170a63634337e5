"""auto_LiRPA with CROWN and plain branch and bound on one problem; run by the Python of its own environment.

Reads a JSON object from standard input (relation, boxes, weights, factor, time limit) and prints one. The bounds are
not rigorous in floating point. auto_LiRPA 0.3, the release on PyPI, was written for torch < 1.13; the lines below
"compatibility" let it run on newer releases, and change no bound.
"""

from __future__ import annotations

import ast
import importlib
import json
import sys
import time
import warnings

import numpy as np
import torch

warnings.filterwarnings("ignore")
torch.set_num_threads(1)
BATCH = 1024
RUNS, SHORT = 5, 1.0  # as in peers.py: shorter runs are repeated, and the shortest counts


def library():
    """auto_LiRPA, with what it expects of older releases of torch (compatibility)."""
    helper = importlib.import_module("torch.onnx.symbolic_helper")
    if not hasattr(helper, "_set_opset_version"):
        try:
            from torch.onnx._internal.torchscript_exporter._globals import GLOBALS
        except ImportError:
            from torch.onnx._globals import GLOBALS
        helper._set_opset_version = lambda v: setattr(GLOBALS, "_export_onnx_opset_version", v)
    torch._C.Node.__getitem__ = lambda node, key: getattr(node, node.kindOf(key))(key)
    import auto_LiRPA

    members = auto_LiRPA.BoundedModule._named_members
    auto_LiRPA.BoundedModule._named_members = lambda self, f, prefix="", recurse=True, **_: members(
        self, f, prefix, recurse
    )
    return auto_LiRPA


def value(node, names):
    """An expression over tensors, by a walk over its syntax tree."""
    match node:
        case ast.Constant(value=number):
            return float(number)
        case ast.Name(id=name):
            return names[name]
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -value(operand, names)
        case ast.BinOp(left=left, op=ast.Pow(), right=ast.Constant(value=2)):
            base = value(left, names)
            return base * base
        case ast.BinOp(left=left, op=op, right=right):
            a, b = value(left, names), value(right, names)
            if isinstance(op, ast.Div):
                return a / b if isinstance(b, float) else a * torch.reciprocal(b)
            return {ast.Add: a.__add__, ast.Sub: a.__sub__, ast.Mult: a.__mul__}[type(op)](b) if not isinstance(
                a, float
            ) else {ast.Add: lambda: b + a, ast.Sub: lambda: -b + a, ast.Mult: lambda: b * a}[type(op)]()
        case ast.Call(func=ast.Name(id=name), args=[argument]):
            return getattr(torch, name)(value(argument, names))
    raise ValueError(ast.dump(node))


class Error(torch.nn.Module):
    """r - <phi, psi> of the joint input."""

    def __init__(self, problem):
        super().__init__()
        self.tree = ast.parse(problem["relation"].replace("^", "**"), mode="eval").body
        self.act = {"tanh": torch.tanh, "relu": torch.relu}[problem["activation"]]
        dim = problem["dim"]
        self.pick = torch.nn.ModuleList()
        for k in range(2 * dim):
            row = torch.nn.Linear(2 * dim, 1, bias=False)
            row.weight.data = torch.eye(2 * dim)[k : k + 1]
            self.pick.append(row)
        self.names = ["x", "y"] if dim == 1 else [f"{s}{k + 1}" for s in "xy" for k in range(dim)]
        self.sides = torch.nn.ModuleList()
        for side, layers in enumerate(problem["networks"]):
            chain = torch.nn.ModuleList()
            for k, (w, b) in enumerate(layers):
                w, b = torch.tensor(w, dtype=torch.float64), torch.tensor(b, dtype=torch.float64)
                if k == 0:  # the first layer reads its half of the joint input
                    full = torch.zeros(len(w), 2 * dim, dtype=torch.float64)
                    full[:, side * dim : (side + 1) * dim] = w
                    w = full
                layer = torch.nn.Linear(w.shape[1], w.shape[0])
                layer.weight.data, layer.bias.data = w, b
                chain.append(layer)
            self.sides.append(chain)

    def forward(self, z):
        outputs = []
        for chain in self.sides:
            h = z
            for k, layer in enumerate(chain):
                h = layer(self.act(h) if k else h)
            outputs.append(h)
        r = value(self.tree, {n: p(z) for n, p in zip(self.names, self.pick, strict=True)})
        return r - (outputs[0] * outputs[1]).sum(dim=1, keepdim=True)


def refined(problem, module, bounded, lirpa):
    """Refine boxes whose bound exceeds factor times the largest error found."""
    lo, hi = (torch.tensor([v], dtype=torch.float64) for v in (problem["lo"], problem["hi"]))
    start, clock = time.perf_counter(), time.process_time()
    lower, settled, boxes = 0.0, 0.0, 0
    waiting_lo, waiting_hi = lo, hi
    done = True
    while len(waiting_lo):
        kept = []
        for part_lo, part_hi in zip(waiting_lo.split(BATCH), waiting_hi.split(BATCH), strict=True):
            if time.process_time() - clock > problem["time_limit"]:
                done = False
                break
            centre = (part_lo + part_hi) / 2
            given = lirpa.BoundedTensor(centre, lirpa.PerturbationLpNorm(norm=np.inf, x_L=part_lo, x_U=part_hi))
            with torch.no_grad():
                below, above = bounded.compute_bounds(x=(given,), method="CROWN")
                lower = max(lower, float(module(centre).abs().max()))
            size = torch.maximum(above, -below).reshape(-1)
            boxes += len(size)
            kept.append((size, part_lo, part_hi))
        if not done:
            break
        size, all_lo, all_hi = (torch.cat(p) for p in zip(*kept, strict=True))
        fails = ~(size <= problem["factor"] * lower)
        settled = max([settled, *size[~fails].tolist()])
        all_lo, all_hi = all_lo[fails], all_hi[fails]
        axis = (all_hi - all_lo).argmax(dim=1)
        rows = torch.arange(len(axis))
        middle = (all_lo[rows, axis] + all_hi[rows, axis]) / 2
        left, right = all_hi.clone(), all_lo.clone()
        left[rows, axis], right[rows, axis] = middle, middle
        reached = max([settled, *size[fails].tolist()])
        waiting_lo, waiting_hi = torch.cat([all_lo, right]), torch.cat([left, all_hi])
    upper = settled if done else reached if boxes else None
    return {"upper": upper, "lower": lower, "cells": boxes, "met": done,
            "seconds": time.process_time() - clock, "wall": time.perf_counter() - start}  # fmt: skip


def main():
    """Solve the problem of standard input."""
    problem = json.load(sys.stdin)
    lirpa = library()
    torch.set_default_dtype(torch.float64)
    module = Error(problem).double()
    given = torch.zeros(2, len(problem["lo"]))
    bounded = lirpa.BoundedModule(module, given, bound_opts={"conv_mode": "matrix"})
    best = refined(problem, module, bounded, lirpa)
    for _ in range(RUNS - 1):
        if best["seconds"] >= SHORT:
            break
        best = min(best, refined(problem, module, bounded, lirpa), key=lambda r: r["seconds"])
    print(json.dumps(best))


if __name__ == "__main__":
    main()
