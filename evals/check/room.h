/* Is what came of a case what its suite expects? Pure: no clock, no network, no file, no state between two questions.
 *
 * Sees: suite, and base. Begin with check.h.
 *
 *   check    one expectation, decided: what each type of check means; sound: is a check one that can be decided at all
 *   node     JSON values: read, compared by value, found by a JSON Pointer (RFC 6901)
 *   schema   JSON Schema, a named subset; sound_schema: is a schema of that subset
 *   regex    the door to PCRE2: patterns, and limits on what matching one may cost
 *   measure  edit distance and token F1, as numbers
 *   judge    what a judge model is asked, and how its reply is read
 *
 * Words. "Met", "unmet": decided. "Error": it cannot be decided, which is never a pass, also not under `not`. "Form": what an
 * output has to be before it can be compared (JSON, a number, there at all); an output of another form is unmet both ways. */
#ifndef EVALS_CHECK_ROOM_H
#define EVALS_CHECK_ROOM_H

#endif
