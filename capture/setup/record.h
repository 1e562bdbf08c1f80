/* What setup inserted where, as a file of mode 0600 in the ledger's directory: setup/ID.json. It has the inserted bytes, their
 * places, digests of the file before and after, and how the hooks are recognised, by which the doctor looks for them
 * (doctor/probe/hooks.c); nothing else of the settings. */
#ifndef CAPTURE_SETUP_RECORD_H
#define CAPTURE_SETUP_RECORD_H

#include "base/edit/splice.h"
#include "base/hash.h"
#include "capture/setup/agent.h"

#define SETUP_MADE_MAX    64
#define SETUP_MARK_MAX    128
#define SETUP_COMMAND_MAX (4 * FILE_PATH_MAX)

struct setup_record {
    bool applied;   /* the event is written; until then the file may be as before */
    bool created;   /* the file did not exist */
    char nonce[33]; /* of this change */
    char path[FILE_PATH_MAX];
    char otlp[256]; /* "": no telemetry was inserted */
    uint8_t before[HASH_LEN], after[HASH_LEN];
    struct edit edit;              /* its splices */
    char made[SETUP_MADE_MAX][64]; /* objects and lists that did not exist: "hooks", "hooks/PreToolUse" */
    size_t n_made;
    /* Of the settings: "json", "jsonc", "toml"; "mcp-json" and so on: a server of theirs; "file": all of it is setup's. NULL: not known */
    const char *form;
    char agent[64];                     /* its name */
    char server[EDIT_MCP_NAME_MAX + 1]; /* that runs behind the tap; "": the hooks are meant */
    char mark[SETUP_MARK_MAX];          /* that commands of ours contain; of a server, where the settings name it */
    char command[SETUP_COMMAND_MAX]; /* of the hooks, a string of JSON; "" for a file; of the tap, its words, a line each */
    size_t hooks;                    /* how many there were with this command */
};

/* ERR_NOTFOUND: there is none. Release with setup_record_done in any case. */
int setup_record_read(const struct setup_world *world, const char *id, struct setup_record *ret, struct err *err);
int setup_record_write(const struct setup_world *world, const char *id, const struct setup_record *record, struct err *err);
int setup_record_drop(const struct setup_world *world, const char *id, struct err *err);
void setup_record_done(struct setup_record *record);
/* All records that can be read, in no order; borrowed for the call. A non-zero answer of `each` ends it and is returned. ERR_NOMEM. */
typedef int setup_record_fn(void *ctx, const struct setup_record *record, struct err *err);
int setup_record_each(const struct setup_world *world, setup_record_fn *each, void *ctx, struct err *err);
bool setup_record_made(const struct setup_record *record, const char *path);

#endif
