/* Evaluations on the command line: suites written and checked, runs, and how they compare. Their states are listed by
 * cli/states.
 *
 * Sees: states, and the rooms before it. Begin with eval.c, the table of subcommands.
 *
 *   eval   the subcommands of `ledger eval`
 *   fresh  `ledger eval new`: a suite to begin with
 *   validate  what is wrong with suites, and what each is by digest
 *   schema  the form of suites, for editors and documents
 *   run    a suite, run against a model's endpoint; outcome: what is printed of it
 *   baseline  which evaluation later ones are compared with
 *   diff   two evaluations of one suite, score by score
 *   compare, comparison_say, comparison_put  two of them, sample by sample
 *   report, sheet_say, sheet_put  one of them, with its samples
 *   evaluation, chart  what these share */
#ifndef CLI_EVALS_ROOM_H
#define CLI_EVALS_ROOM_H

#endif
