/* A round: the probes that are due look, each in a process of its own and all at the same time; what is news is recorded.
 *
 * Sees: probe, and the floors below. Begin with round.h.
 *
 *   round     which probes are due, the round itself, what is appended
 *   judged    the verdicts that changed
 *   children  one process for each probe, bounded in time; what it said, or how it ended
 *   news      which observations are recorded: those that changed, or are old
 *
 * A probe that hangs, crashes or says what is no record is itself an observation, of the check "probe". */
#ifndef DOCTOR_ROUND_ROOM_H
#define DOCTOR_ROUND_ROOM_H

#endif
