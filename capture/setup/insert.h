/* What is inserted into an agent's settings, and how it is recognised there. */
#ifndef CAPTURE_SETUP_INSERT_H
#define CAPTURE_SETUP_INSERT_H

#include "capture/setup/record.h"

/* Codex's exporter of one signal: a format for the receiver's address and "logs" or "traces". */
#define SETUP_EXPORTER "{ otlp-http = { endpoint = \"http://%s/v1/%s\", protocol = \"binary\" } }"
/* How the line with Codex's program for the end of a turn begins. */
#define SETUP_NOTIFY "notify = "

/* The part of a hook's command that names the recorder and the agent: entries are found by it, whatever program and ledger. */
void setup_mark(const struct setup_agent *agent, char ret[SETUP_MARK_MAX]);
/* Is it settings in its form? ERR_INVALID. */
int setup_check(enum setup_form form, struct bytes text, struct err *err);
/* How many hooks of ours there are, and how many with exactly this world's command. ERR_INVALID: it does not parse. */
int setup_count(const struct setup_world *world, const struct setup_place *place, struct bytes text, size_t *ret_ours,
                size_t *ret_same, struct err *err);
/* Inserts all entries into record->edit, and notes what was made. `note` says what was left out, or is "". ERR_CONFLICT: there is
 * something else in the place of a list or table. */
int setup_insert(const struct setup_world *world, const struct setup_place *place, struct setup_record *record,
                 char note[SETUP_WHY_MAX], struct err *err);
/* What the hooks of this ledger have in their commands, as a string of JSON has it: of those that the record has inserted, or
 * (NULL) of those that would be inserted now. The program may be moved: the ledger's directory counts if the command has it. */
int setup_own(const struct setup_world *world, const struct setup_place *place, const struct setup_record *record,
              struct buf *ret, struct err *err);
/* Removes our entries alone from settings that were changed since. `record` NULL: there is none, and what setup made besides the
 * hooks is not known. `own`: of setup_own. *ret_empty: nothing is left in it. */
int setup_withdraw(const struct setup_place *place, const char *own, struct setup_record *record, struct buf *text,
                   bool *ret_empty, struct err *err);
/* The same for TOML. ERR_CONFLICT with the lines: entries of ours are there in a form that is not taken apart. */
int setup_withdraw_toml(const char *own, const struct setup_record *record, struct buf *text, bool *ret_empty,
                        struct err *err);
#endif
