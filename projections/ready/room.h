/* Is it ready? Models that are present, evaluations that count, routes that are proven, packs that have what they need,
 * candidates that may be promoted. One room, because each judge here reads rows of the others.
 *
 * Sees: the engine (rows to view), permissions. Begin with readiness.h (rules are rows of readiness_*.def), then proof.h.
 *
 *   readiness    the rules, what was found unmet, and the remedies; docs/readiness.md is printed from them
 *   models       weights, and the names, manifests and runtimes that lead to them; models_claim reads an event's claim,
 *                models_named has names that nobody registered, models_speed what was measured
 *   eval         evaluations, scores and suites; eval_suite holds a score against what was declared, eval_results has the
 *                newest result of a model in a task and the newest evaluation of a route, pack or model,
 *                eval_compare puts two evaluations side by side
 *   baselines    which evaluation later ones of a suite are compared with
 *   routes       which model answers which kind of work
 *   proof_model  which weights a route uses now, and whether they are still there
 *   proof        does an evaluation prove a route as it is now? The one place that decides this
 *   thresholds   what a route itself asks of its proofs
 *   pack         what is installed and what it asks for; needs walks through what a pack needs
 *   requires     what a pack requires of other packs and of the machine
 *   promotions   candidates, their gates and tripcodes; promotions_live: which version is live since when
 *
 * A file x.c folds, x_judge.c judges when a row is read.
 *
 * Words. A "finding" is a rule whose condition holds against its subject. "Drift": the route is not what was evaluated.
 * "Counts": an evaluation is complete, passed or failed, and names its weights or its program. */
#ifndef PROJECTIONS_READY_ROOM_H
#define PROJECTIONS_READY_ROOM_H

#endif
