(* softmax-selection: a margin and an inverse temperature bound the weight of the best item. *)
From Coq Require Import Reals Lra Lia.
From Relverify Require Import FinVec.
Open Scope R_scope.

Definition softmax (n : nat) (beta : R) (s : nat -> R) (k : nat) : R :=
  exp (beta * s k) / rsum n (fun j => exp (beta * s j)).

(* Item k beats every other of the n items by eta. *)
Definition margin (n : nat) (s : nat -> R) (k : nat) (eta : R) : Prop :=
  forall j, (j < n)%nat -> j <> k -> s j + eta <= s k.

Lemma rsum_exp_pos n k f : (k < n)%nat -> 0 < rsum n (fun j => exp (f j)).
Proof.
  intros Hk. destruct n as [| n]; [lia | cbn [rsum]].
  apply Rplus_le_lt_0_compat; [apply rsum_nonneg; intros; left | ]; apply exp_pos.
Qed.

Lemma softmax_denominator_pos n beta eta : 1 <= n -> 0 < 1 + (n - 1) * exp (- (beta * eta)).
Proof. intros Hn; pose proof (exp_pos (- (beta * eta))); nra. Qed.

Theorem softmax_selection n beta eta s k :
  (k < n)%nat -> 0 <= beta -> margin n s k eta ->
  / (1 + (INR n - 1) * exp (- (beta * eta))) <= softmax n beta s k.
Proof.
  intros Hk Hb Hm; unfold softmax.
  set (e := exp (- (beta * eta))). set (w := exp (beta * s k)).
  assert (Hw : 0 < w) by apply exp_pos.
  assert (He : 0 < e) by apply exp_pos.
  set (h := fun j => if Nat.eq_dec j k then w else w * e).
  assert (Hsum : rsum n (fun j => exp (beta * s j)) <= w * (1 + (INR n - 1) * e)).
  { replace (w * (1 + (INR n - 1) * e)) with (rsum n h).
    - apply rsum_le; intros j Hj; unfold h; destruct (Nat.eq_dec j k) as [-> | Hne]; [apply Rle_refl |].
      unfold w, e; rewrite <- exp_plus.
      specialize (Hm j Hj Hne).
      destruct (Rle_lt_or_eq_dec (beta * s j) (beta * s k + - (beta * eta)) ltac:(nra)) as [Hlt | Heq].
      + left; now apply exp_increasing.
      + right; now rewrite Heq.
    - rewrite (rsum_spike n k h (w * e) Hk).
      + unfold h; destruct (Nat.eq_dec k k); [ring | contradiction].
      + intros i _ Hik; unfold h; destruct (Nat.eq_dec i k); [contradiction | reflexivity]. }
  pose proof (rsum_exp_pos n k (fun j => beta * s j) Hk) as Hpos.
  assert (Hn : 1 <= INR n) by (apply (le_INR 1); lia).
  pose proof (softmax_denominator_pos (INR n) beta eta Hn) as HD; fold e in HD.
  apply Rmult_le_reg_r with (1 + (INR n - 1) * e); [exact HD |].
  apply Rmult_le_reg_r with (rsum n (fun j => exp (beta * s j))); [exact Hpos |].
  field_simplify; lra.
Qed.

(* Equality: the best item eta above all others, which are equal. *)
Theorem softmax_selection_attained n beta eta k :
  (k < n)%nat ->
  exists s, margin n s k eta /\
            softmax n beta s k = / (1 + (INR n - 1) * exp (- (beta * eta))).
Proof.
  intros Hk. exists (fun j => if Nat.eq_dec j k then 0 else - eta). split.
  - intros j _ Hne; destruct (Nat.eq_dec j k); [contradiction |].
    destruct (Nat.eq_dec k k); [lra | contradiction].
  - unfold softmax.
    rewrite (rsum_spike n k _ (exp (- (beta * eta))) Hk).
    + destruct (Nat.eq_dec k k); [| contradiction].
      rewrite Rmult_0_r, exp_0. unfold Rdiv; ring.
    + intros i _ Hik; destruct (Nat.eq_dec i k); [contradiction | f_equal; ring].
Qed.

(* The inverse temperature that makes the weight at least 1 - eps. *)
Theorem softmax_temperature n beta eta eps :
  1 < n -> 0 < eps < 1 -> 0 < eta -> ln ((n - 1) * (1 - eps) / eps) / eta <= beta ->
  1 - eps <= / (1 + (n - 1) * exp (- (beta * eta))).
Proof.
  intros Hn He Heta Hb.
  set (c := (n - 1) * (1 - eps) / eps) in *.
  assert (Hc : 0 < c) by (unfold c, Rdiv; repeat apply Rmult_lt_0_compat; try apply Rinv_0_lt_compat; lra).
  assert (Hln : ln c <= beta * eta).
  { apply Rmult_le_compat_r with (r := eta) in Hb; [| lra].
    replace (ln c / eta * eta) with (ln c) in Hb by (field; lra). exact Hb. }
  assert (Hx : exp (- (beta * eta)) <= / c).
  { rewrite exp_Ropp. apply Rinv_le_contravar; [exact Hc |].
    rewrite <- (exp_ln c) at 1 by exact Hc.
    destruct Hln as [Hlt | Heq]; [left; now apply exp_increasing | right; now rewrite Heq]. }
  pose proof (softmax_denominator_pos n beta eta ltac:(lra)) as HD.
  apply Rmult_le_reg_r with (1 + (n - 1) * exp (- (beta * eta))); [exact HD |].
  rewrite Rinv_l by lra.
  assert (Hy : (n - 1) * exp (- (beta * eta)) <= (n - 1) * / c) by (apply Rmult_le_compat_l; lra).
  replace ((n - 1) * / c) with (eps / (1 - eps)) in Hy by (unfold c; field; lra).
  apply Rle_trans with ((1 - eps) * (1 + eps / (1 - eps))).
  - apply Rmult_le_compat_l; lra.
  - right; field; lra.
Qed.
