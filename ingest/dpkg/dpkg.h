/* The source "dpkg": packages installed, upgraded and removed, from dpkg's log. docs/ingest.md describes its events.
 *
 * The log's lines, as dpkg(1) has them under --log:
 *
 *   YYYY-MM-DD HH:MM:SS startup TYPE COMMAND                  a run of dpkg begins
 *   YYYY-MM-DD HH:MM:SS ACTION PACKAGE INSTALLED AVAILABLE    install, upgrade, configure, trigproc, disappear, remove
 *                                                             or purge
 *   YYYY-MM-DD HH:MM:SS status STATE PACKAGE VERSION          a package has a new state
 *   YYYY-MM-DD HH:MM:SS conffile FILE DECISION                install or keep
 *
 * PACKAGE is NAME or NAME:ARCHITECTURE, a missing version "<none>". Times are local, without a zone. */
#ifndef INGEST_DPKG_DPKG_H
#define INGEST_DPKG_DPKG_H

#include "ingest/driver/intake.h"

#define DPKG_TIME_LEN    19
#define DPKG_NAME_MAX    128
#define DPKG_ARCH_MAX    32
#define DPKG_VERSION_MAX 128

enum dpkg_verb { DPKG_STARTUP, DPKG_ACTION, DPKG_STATUS, DPKG_CONFFILE };

enum dpkg_action { DPKG_INSTALL, DPKG_UPGRADE, DPKG_CONFIGURE, DPKG_TRIGPROC, DPKG_DISAPPEAR, DPKG_REMOVE, DPKG_PURGE };

enum dpkg_state {
    DPKG_NO_STATE, /* none seen */
    DPKG_NOT_INSTALLED,
    DPKG_CONFIG_FILES,
    DPKG_HALF_INSTALLED,
    DPKG_UNPACKED,
    DPKG_HALF_CONFIGURED,
    DPKG_TRIGGERS_AWAITED,
    DPKG_TRIGGERS_PENDING,
    DPKG_INSTALLED
};

struct dpkg_line {
    enum dpkg_verb verb;
    struct bytes time_text;     /* DPKG_TIME_LEN bytes */
    uint64_t at;                /* ns */
    bool at_exact;              /* false: that local time occurred twice or never */
    enum dpkg_action action;    /* DPKG_ACTION */
    enum dpkg_state state;      /* DPKG_STATUS */
    struct bytes package, arch; /* arch may be empty */
    struct bytes installed;     /* DPKG_ACTION: installed version; DPKG_STATUS: the version; empty for <none> */
    struct bytes available;     /* DPKG_ACTION */
};

/* Reads one line; views borrow from it. Local time becomes UTC by the time zone of the process. ERR_INVALID says what is
 * wrong. */
int dpkg_parse(struct bytes line, struct dpkg_line *ret, struct err *err);
const char *dpkg_action_name(enum dpkg_action action);
const char *dpkg_state_name(enum dpkg_state state);

/* ---- operations ----
 *
 * An operation begins with its action line and ends with a status line, often in a later run of dpkg (apt unpacks in one
 * and configures in the next). It becomes one event when its end is known:
 *
 *   done        the state that was asked for was reached
 *   failed      dpkg went back to the state before
 *   unfinished  neither: the next run of dpkg found it half done, another action on the package began, or the log ends */
enum dpkg_outcome { DPKG_DONE, DPKG_FAILED, DPKG_UNFINISHED };

struct dpkg_operation {
    enum dpkg_action action;
    enum dpkg_outcome outcome;
    enum dpkg_state state; /* the last one seen */
    char time_text[DPKG_TIME_LEN + 1];
    uint64_t at, ended_at; /* ns; of the action line and of the line that decided */
    bool at_exact;
    uint32_t nth; /* among equal action lines of the same second, from 1 */
    char package[DPKG_NAME_MAX + 1], arch[DPKG_ARCH_MAX + 1];
    char before[DPKG_VERSION_MAX + 1], after[DPKG_VERSION_MAX + 1]; /* "" for none */
    struct ingest_place place; /* of the action line; file is borrowed from the caller of dpkg_ops_take */
};

struct dpkg_ops;
struct dpkg_ops *dpkg_ops_new(void); /* NULL when out of memory */
void dpkg_ops_free(struct dpkg_ops *ops);
/* Receives the operations that have ended. */
struct dpkg_sink {
    void *ctx;
    int (*give)(void *ctx, const struct dpkg_operation *op, struct err *err);
};
/* Takes one line and hands the operations that it ends to the sink, whose non-zero answer ends the call. ERR_LIMIT: more
 * than 65,536 operations are open. */
int dpkg_ops_take(struct dpkg_ops *ops, const struct dpkg_line *line, const struct ingest_place *place,
                  const struct dpkg_sink *sink, struct err *err);
/* The end of the log: open operations are unfinished, unless the last line is less than DPKG_SETTLE_NS before `now`: dpkg
 * may still be running. *ret_held: how many were held back. */
#define DPKG_SETTLE_NS (UINT64_C(900) * 1000000000)
int dpkg_ops_end(struct dpkg_ops *ops, uint64_t now, const struct dpkg_sink *sink, size_t *ret_held, struct err *err);

/* ---- files ---- */

/* The rotation number of a log's name: 0 for "dpkg.log", 3 for "dpkg.log.3" and "dpkg.log.3.gz". */
unsigned dpkg_rotation(const char *path);

/* The source's function. */
int dpkg_read(struct intake *run, struct err *err);

#endif
