(* Finite sums and vectors: a vector of dimension d is a function nat -> R of which
   only the entries below d count. *)
From Coq Require Import Reals Lra Lia Arith.
Open Scope R_scope.

Fixpoint rsum (n : nat) (f : nat -> R) : R :=
  match n with
  | O => 0
  | S m => rsum m f + f m
  end.

Lemma rsum_ext n f g : (forall i, (i < n)%nat -> f i = g i) -> rsum n f = rsum n g.
Proof.
  induction n as [| n IH]; intros H; cbn [rsum]; [reflexivity |].
  rewrite IH by (intros i Hi; apply H; lia). rewrite H by lia. reflexivity.
Qed.

Lemma rsum_plus n f g : rsum n (fun i => f i + g i) = rsum n f + rsum n g.
Proof. induction n as [| n IH]; cbn [rsum]; [ring | rewrite IH; ring]. Qed.

Lemma rsum_scale n a f : rsum n (fun i => a * f i) = a * rsum n f.
Proof. induction n as [| n IH]; cbn [rsum]; [ring | rewrite IH; ring]. Qed.

Lemma rsum_const n a : rsum n (fun _ => a) = INR n * a.
Proof. induction n as [| n IH]; [cbn; ring |]. rewrite S_INR; cbn [rsum]; rewrite IH; ring. Qed.

Lemma rsum_le n f g : (forall i, (i < n)%nat -> f i <= g i) -> rsum n f <= rsum n g.
Proof.
  induction n as [| n IH]; intros H; cbn [rsum]; [lra |].
  apply Rplus_le_compat; [apply IH; intros i Hi | ]; apply H; lia.
Qed.

Lemma rsum_nonneg n f : (forall i, (i < n)%nat -> 0 <= f i) -> 0 <= rsum n f.
Proof.
  intros H. replace 0 with (rsum n (fun _ => 0)) by (rewrite rsum_const; ring).
  now apply rsum_le.
Qed.

(* A sum whose terms are all a, but for term k. *)
Lemma rsum_spike n k f a :
  (k < n)%nat -> (forall i, (i < n)%nat -> i <> k -> f i = a) ->
  rsum n f = f k + (INR n - 1) * a.
Proof.
  induction n as [| n IH]; intros Hk H; [lia |].
  rewrite S_INR; cbn [rsum].
  destruct (Nat.eq_dec k n) as [-> | Hne].
  - rewrite (rsum_ext n f (fun _ => a)) by (intros i Hi; apply H; lia).
    rewrite rsum_const; ring.
  - rewrite IH by (try lia; intros i Hi Hik; apply H; lia).
    rewrite (H n) by lia. ring.
Qed.

Definition dot (d : nat) (u v : nat -> R) : R := rsum d (fun i => u i * v i).
Definition norm (d : nat) (u : nat -> R) : R := sqrt (dot d u u).
Definition vsub (u v : nat -> R) : nat -> R := fun i => u i - v i.

Lemma dot_self_nonneg d u : 0 <= dot d u u.
Proof. apply rsum_nonneg; intros i _; nra. Qed.

Lemma norm_nonneg d u : 0 <= norm d u.
Proof. apply sqrt_pos. Qed.

Lemma norm_sqr d u : norm d u * norm d u = dot d u u.
Proof. apply sqrt_sqrt, dot_self_nonneg. Qed.

Lemma dot_scale_l d a u v : dot d (fun i => a * u i) v = a * dot d u v.
Proof. unfold dot; rewrite <- rsum_scale; apply rsum_ext; intros; ring. Qed.

Lemma dot_scale_r d a u v : dot d u (fun i => a * v i) = a * dot d u v.
Proof. unfold dot; rewrite <- rsum_scale; apply rsum_ext; intros; ring. Qed.

Lemma norm_scale d a u : 0 <= a -> norm d (fun i => a * u i) = a * norm d u.
Proof.
  intros Ha; unfold norm. rewrite dot_scale_l, dot_scale_r, <- Rmult_assoc.
  rewrite sqrt_mult by (try apply dot_self_nonneg; nra).
  now rewrite sqrt_square.
Qed.

Lemma norm_ext d u v : (forall i, (i < d)%nat -> u i = v i) -> norm d u = norm d v.
Proof. intros H; unfold norm, dot; f_equal; apply rsum_ext; intros i Hi; now rewrite H. Qed.

(* |s u - t v|^2 >= 0 in every dimension: the discriminant form of Cauchy-Schwarz. *)
Lemma dot_quadratic d u v s t :
  0 <= s * s * dot d u u - 2 * s * t * dot d u v + t * t * dot d v v.
Proof.
  pose proof (dot_self_nonneg d (fun i => s * u i - t * v i)) as H.
  replace (dot d (fun i => s * u i - t * v i) (fun i => s * u i - t * v i))
    with (s * s * dot d u u - 2 * s * t * dot d u v + t * t * dot d v v) in H; [exact H |].
  unfold dot.
  rewrite (rsum_ext d (fun i => (s * u i - t * v i) * (s * u i - t * v i))
    (fun i => (s * s * (u i * u i) + (-2 * s * t) * (u i * v i)) + t * t * (v i * v i))) by (intros; ring).
  rewrite !rsum_plus, !rsum_scale. ring.
Qed.

Lemma cauchy_schwarz_sqr d u v : dot d u v * dot d u v <= dot d u u * dot d v v.
Proof.
  pose proof (dot_self_nonneg d u) as Hu.
  pose proof (dot_self_nonneg d v) as Hv.
  destruct (Rle_lt_or_eq_dec 0 _ Hv) as [Hpos | Hzero].
  - pose proof (dot_quadratic d u v (dot d v v) (dot d u v)) as H.
    apply Rmult_le_reg_l with (dot d v v); [exact Hpos | nra].
  - (* v = 0: t large against s forces <u,v> = 0 *)
    pose proof (dot_quadratic d u v (dot d u v) (1 + dot d u u)) as H.
    rewrite <- Hzero in H |- *.
    pose proof (Rle_0_sqr (dot d u v)) as Hsq; unfold Rsqr in Hsq.
    pose proof (Rmult_le_pos _ _ Hsq Hu). lra.
Qed.

Theorem cauchy_schwarz d u v : Rabs (dot d u v) <= norm d u * norm d v.
Proof.
  unfold norm. rewrite <- sqrt_mult by apply dot_self_nonneg.
  rewrite <- sqrt_Rsqr_abs. apply sqrt_le_1_alt, cauchy_schwarz_sqr.
Qed.

(* The first basis vector scaled: the instances in which the bounds are attained. *)
Definition axis (a : R) : nat -> R := fun i => match i with O => a | _ => 0 end.

Lemma dot_axis d a b : dot (S d) (axis a) (axis b) = a * b.
Proof. induction d as [| d IH]; unfold dot in *; [cbn; ring |]. cbn [rsum] in *. rewrite IH; cbn [axis]; ring. Qed.

Lemma norm_axis d a : 0 <= a -> norm (S d) (axis a) = a.
Proof. intros Ha; unfold norm; rewrite dot_axis; now apply sqrt_square. Qed.
