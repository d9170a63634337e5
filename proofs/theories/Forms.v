(* The forms in which the printer writes functions that the interval tactic does not know. *)
From Coq Require Import Reals Lra.
Open Scope R_scope.

Lemma max_form a b : (a + b + Rabs (a - b)) / 2 = Rmax a b.
Proof.
  unfold Rmax; destruct (Rle_dec a b); [rewrite Rabs_left1 by lra | rewrite Rabs_pos_eq by lra]; lra.
Qed.

Lemma min_form a b : (a + b - Rabs (a - b)) / 2 = Rmin a b.
Proof.
  unfold Rmin; destruct (Rle_dec a b); [rewrite Rabs_left1 by lra | rewrite Rabs_pos_eq by lra]; lra.
Qed.

Lemma tanh_form a : 1 - 2 / (exp (2 * a) + 1) = tanh a.
Proof.
  unfold tanh, sinh, cosh.
  replace (2 * a) with (a + a) by ring. rewrite exp_plus, exp_Ropp.
  pose proof (exp_pos a). field; repeat split; nra.
Qed.
