/* The health of the box and of each pack: checks, repairs, and the verdicts that follow by clauses. The tables belong to
 * the projection "doctor".
 *
 * Sees: the engine, permissions, machine, ready, decide. Begin with verdict.h; a clause is a row in box.c.
 *
 *   verdict   the tables checks, repairs, verdicts and clauses: fold, and the verdict itself
 *   case      one clause that is being judged: findings, words, events, what helps
 *   box       the clauses of the box, and the table of all clauses
 *   runtimes  the clause of the box about servers of models; models: that about models
 *   probed    the clauses of the box that rest on what probes observe, and the age of the epoch key
 *   hooks     agents that setup connected, a part of the clause about agents; reported: the rest of it, and evaluations
 *   pack      the clauses of a pack
 *   grade     how good the evidence of an answer is
 *   held      what the box holds: files of packs, permissions
 *   machine   what the machine has to carry: models and requirements of packs, promotions under way
 *   messages  the texts of all findings, questions and first steps, and how a text gets its arguments
 *
 * This room only judges. What probes or repairs the box acts on a floor above and appends events; nothing here does.
 *
 * Words. A "clause" is a question with an answer of pass, warn, fail or unknown; what was never checked is unknown, and so is
 * what was last checked too long ago. A clause that does not apply is "left out": it has no state, and its reason says why.
 * Only the most severe findings are described. A "remedy" is a command; words in capital letters in it are for a person to
 * supply. */
#ifndef PROJECTIONS_VERDICT_ROOM_H
#define PROJECTIONS_VERDICT_ROOM_H

#endif
