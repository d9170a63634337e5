"""Hypothesis strategies whose examples are exact: constructed to satisfy their hypotheses, never filtered.

The modules are ``numbers`` and ``boxes``, ``matrices`` (PSD, indefinite), ``relations`` (PSD kernels and their closure
under sums, products and multiples, indefinite and asymmetric ones), ``smooth`` (relations with known bounds of their
second derivatives, members of the catalogue), ``preorders`` (with contexts that have a margin) and ``networks``. Each
teaches ``st.from_type`` its types when it is imported; the types of FLINT are known as soon as Hypothesis is loaded, by
its entry point.
"""
