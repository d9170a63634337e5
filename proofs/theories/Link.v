(* The bounds printed from the theorem records are the bounds that are proved, and the
   theorems about them. Every condition that a link needs is a hypothesis of its lemma. *)
From Coq Require Import Reals Lra Lia.
From Relverify Require Import FinVec Perturbation SoftmaxSelection Generated.
Open Scope R_scope.

(* Brings the argument of every exp to the form t. *)
Ltac normalise_exp t :=
  repeat match goal with
  | |- context [exp ?a] => lazymatch a with t => fail | _ => replace a with t by ring end
  end.

Lemma perturbation_link K_f K_g delta_f delta_g :
  perturbation_bound K_f K_g delta_f delta_g = K_f * delta_g + K_g * delta_f + delta_f * delta_g.
Proof. unfold perturbation_bound; ring. Qed.

(* The arguments of a printed bound are in the order of their names. *)
Lemma softmax_selection_link beta eta n :
  1 <= n -> softmax_selection_bound beta eta n = / (1 + (n - 1) * exp (- (beta * eta))).
Proof.
  intros Hn. unfold softmax_selection_bound.
  normalise_exp (- (beta * eta)).
  pose proof (softmax_denominator_pos n beta eta Hn). field; lra.
Qed.

Theorem perturbation_generated (X Y : Type) d (phi f : X -> nat -> R) (psi g : Y -> nat -> R)
  K_f K_g delta_f delta_g :
  (forall x, norm d (f x) <= K_f) -> (forall y, norm d (g y) <= K_g) ->
  (forall x, norm d (vsub (phi x) (f x)) <= delta_f) ->
  (forall y, norm d (vsub (psi y) (g y)) <= delta_g) ->
  forall x y, Rabs (dot d (phi x) (psi y) - dot d (f x) (g y))
              <= perturbation_bound K_f K_g delta_f delta_g.
Proof. rewrite perturbation_link. apply perturbation. Qed.

Theorem perturbation_generated_symmetric (X : Type) d (phi f : X -> nat -> R) K delta :
  (forall x, norm d (f x) <= K) -> (forall x, norm d (vsub (phi x) (f x)) <= delta) ->
  forall x y, Rabs (dot d (phi x) (phi y) - dot d (f x) (f y)) <= perturbation_bound K K delta delta.
Proof.
  rewrite perturbation_link.
  replace (K * delta + K * delta + delta * delta) with (2 * K * delta + delta ^ 2) by ring.
  apply perturbation_symmetric.
Qed.

Theorem perturbation_generated_attained d K_f K_g delta_f delta_g :
  0 <= K_f -> 0 <= K_g -> 0 <= delta_f -> 0 <= delta_g ->
  exists phi psi f g,
    norm (S d) f = K_f /\ norm (S d) g = K_g /\
    norm (S d) (vsub phi f) = delta_f /\ norm (S d) (vsub psi g) = delta_g /\
    Rabs (dot (S d) phi psi - dot (S d) f g) = perturbation_bound K_f K_g delta_f delta_g.
Proof. rewrite perturbation_link. apply perturbation_attained. Qed.

Theorem softmax_selection_generated n beta eta s k :
  (k < n)%nat -> 0 <= beta -> margin n s k eta ->
  softmax_selection_bound beta eta (INR n) <= softmax n beta s k.
Proof.
  intros Hk. rewrite softmax_selection_link by (apply (le_INR 1); lia).
  now apply softmax_selection.
Qed.

Theorem softmax_selection_generated_attained n beta eta k :
  (k < n)%nat ->
  exists s, margin n s k eta /\ softmax n beta s k = softmax_selection_bound beta eta (INR n).
Proof.
  intros Hk. rewrite softmax_selection_link by (apply (le_INR 1); lia).
  now apply softmax_selection_attained.
Qed.

(* An inverse temperature that guarantees the weight 1 - eps. *)
Theorem softmax_selection_generated_temperature n beta eta eps :
  (1 < n)%nat -> 0 < eps < 1 -> 0 < eta -> ln ((INR n - 1) * (1 - eps) / eps) / eta <= beta ->
  1 - eps <= softmax_selection_bound beta eta (INR n).
Proof.
  intros Hn. assert (1 < INR n) by (apply (lt_INR 1); lia).
  rewrite softmax_selection_link by lra. now apply softmax_temperature.
Qed.
