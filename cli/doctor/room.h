/* The doctor on the command line: is this box fit, or fit to run that pack; if not, since when, what changed, what to do.
 *
 * Sees: the rooms before it, and the floor doctor. Begin with doctor.c.
 *
 *   doctor   `ledger doctor`: a round of probes, then the answer
 *   opening  how the probes and the round open the ledger; the verification
 *   signing  whether the keys that sign are there, without which nothing is recorded
 *   answer   the clauses of one subject as of one moment, read from the states
 *   page     the answer for people: the verdict, what is wrong, one line for what is fine
 *   mend     `doctor --fix`
 *   forms    the answer as JSON, JUnit and Prometheus
 *   changes  `doctor diff`; list: `doctor --list`; reason: `doctor why`; watch: `doctor --watch` */
#ifndef CLI_DOCTOR_ROOM_H
#define CLI_DOCTOR_ROOM_H

#endif
