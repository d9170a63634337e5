(* perturbation: how far an inner product moves when both vectors move. *)
From Coq Require Import Reals Lra Lia.
From Relverify Require Import FinVec.
Open Scope R_scope.

Lemma dot_split d phi psi f g :
  dot d phi psi - dot d f g =
  dot d f (vsub psi g) + dot d (vsub phi f) g + dot d (vsub phi f) (vsub psi g).
Proof.
  unfold dot, vsub.
  induction d as [| d IH]; cbn [rsum]; [ring |].
  replace (rsum d (fun i => phi i * psi i) + phi d * psi d - (rsum d (fun i => f i * g i) + f d * g d))
    with ((rsum d (fun i => phi i * psi i) - rsum d (fun i => f i * g i)) + (phi d * psi d - f d * g d))
    by ring.
  rewrite IH; ring.
Qed.

Theorem perturbation_pointwise d phi psi f g K_f K_g delta_f delta_g :
  norm d f <= K_f -> norm d g <= K_g ->
  norm d (vsub phi f) <= delta_f -> norm d (vsub psi g) <= delta_g ->
  Rabs (dot d phi psi - dot d f g) <= K_f * delta_g + K_g * delta_f + delta_f * delta_g.
Proof.
  intros Hf Hg Hphi Hpsi. rewrite dot_split.
  pose proof (cauchy_schwarz d f (vsub psi g)) as H1.
  pose proof (cauchy_schwarz d (vsub phi f) g) as H2.
  pose proof (cauchy_schwarz d (vsub phi f) (vsub psi g)) as H3.
  pose proof (norm_nonneg d f). pose proof (norm_nonneg d g).
  pose proof (norm_nonneg d (vsub phi f)). pose proof (norm_nonneg d (vsub psi g)).
  eapply Rle_trans; [apply Rabs_triang |].
  eapply Rle_trans; [apply Rplus_le_compat_r, Rabs_triang |].
  assert (norm d f * norm d (vsub psi g) <= K_f * delta_g) by (apply Rmult_le_compat; lra).
  assert (norm d (vsub phi f) * norm d g <= delta_f * K_g) by (apply Rmult_le_compat; lra).
  assert (norm d (vsub phi f) * norm d (vsub psi g) <= delta_f * delta_g) by (apply Rmult_le_compat; lra).
  lra.
Qed.

(* Functions on any two sets; the hypotheses are the suprema of the statement. *)
Theorem perturbation (X Y : Type) d (phi f : X -> nat -> R) (psi g : Y -> nat -> R) K_f K_g delta_f delta_g :
  (forall x, norm d (f x) <= K_f) -> (forall y, norm d (g y) <= K_g) ->
  (forall x, norm d (vsub (phi x) (f x)) <= delta_f) ->
  (forall y, norm d (vsub (psi y) (g y)) <= delta_g) ->
  forall x y, Rabs (dot d (phi x) (psi y) - dot d (f x) (g y))
              <= K_f * delta_g + K_g * delta_f + delta_f * delta_g.
Proof. intros Hf Hg Hphi Hpsi x y. now apply perturbation_pointwise. Qed.

Theorem perturbation_symmetric (X : Type) d (phi f : X -> nat -> R) K delta :
  (forall x, norm d (f x) <= K) -> (forall x, norm d (vsub (phi x) (f x)) <= delta) ->
  forall x y, Rabs (dot d (phi x) (phi y) - dot d (f x) (f y)) <= 2 * K * delta + delta ^ 2.
Proof.
  intros Hf Hphi x y.
  replace (2 * K * delta + delta ^ 2) with (K * delta + K * delta + delta * delta) by ring.
  now apply perturbation_pointwise.
Qed.

(* Equality, in every dimension >= 1 and for all constants >= 0. *)
Theorem perturbation_attained d K_f K_g delta_f delta_g :
  0 <= K_f -> 0 <= K_g -> 0 <= delta_f -> 0 <= delta_g ->
  exists phi psi f g,
    norm (S d) f = K_f /\ norm (S d) g = K_g /\
    norm (S d) (vsub phi f) = delta_f /\ norm (S d) (vsub psi g) = delta_g /\
    Rabs (dot (S d) phi psi - dot (S d) f g) = K_f * delta_g + K_g * delta_f + delta_f * delta_g.
Proof.
  intros Hf Hg Hdf Hdg.
  exists (axis (K_f + delta_f)), (axis (K_g + delta_g)), (axis K_f), (axis K_g).
  assert (Hsub : forall a b, 0 <= b -> norm (S d) (vsub (axis (a + b)) (axis a)) = b).
  { intros a b Hb. transitivity (norm (S d) (axis b)); [apply norm_ext | now apply norm_axis].
    intros [| i] _; unfold vsub; cbn [axis]; ring. }
  repeat split; try (apply norm_axis; assumption); try (apply Hsub; assumption).
  rewrite !dot_axis, Rabs_pos_eq; [ring | nra].
Qed.

(* The witness phi = f + delta f/K attains the symmetric form at every f of norm K. *)
Theorem perturbation_symmetric_attained d f K delta :
  0 < K -> 0 <= delta -> norm d f = K ->
  let phi := fun i => f i + delta / K * f i in
  norm d (vsub phi f) = delta /\ Rabs (dot d phi phi - dot d f f) = 2 * K * delta + delta ^ 2.
Proof.
  intros HK Hd Hf phi.
  assert (Hq : 0 <= delta / K) by (apply Rle_mult_inv_pos; assumption).
  split.
  - rewrite (norm_ext d _ (fun i => delta / K * f i)) by (intros; unfold vsub, phi; ring).
    rewrite norm_scale, Hf by exact Hq. field; lra.
  - assert (Hphi : dot d phi phi = (1 + delta / K) * ((1 + delta / K) * dot d f f)).
    { rewrite <- dot_scale_r, <- dot_scale_l. unfold dot; apply rsum_ext; intros; unfold phi; ring. }
    rewrite Hphi, <- norm_sqr, Hf.
    replace ((1 + delta / K) * ((1 + delta / K) * (K * K)) - K * K) with (2 * K * delta + delta ^ 2)
      by (field; lra).
    apply Rabs_pos_eq; nra.
Qed.

(* The largest delta that a budget t allows, in the form without cancellation. *)
Theorem perturbation_budget K t :
  0 <= K -> 0 <= t -> 0 < K * K + t ->
  let delta := t / (sqrt (K * K + t) + K) in
  0 <= delta /\ 2 * K * delta + delta ^ 2 = t.
Proof.
  intros HK Ht Hpos delta.
  pose proof (sqrt_lt_R0 _ Hpos) as Hs.
  pose proof (sqrt_sqrt (K * K + t) (Rlt_le _ _ Hpos)) as Hss.
  unfold delta; clear delta. set (s := sqrt (K * K + t)) in *.
  split; [apply Rle_mult_inv_pos; lra |].
  replace t with (s * s - K * K) by lra. field; lra.
Qed.
