/* The source "journal": entries in the export format of systemd's journal (journalctl -o export), from files or a pipe.
 *
 *   __CURSOR=s=6f2a...;i=1b;b=ec25...;m=...;t=...;x=...      text: NAME=value LF
 *   __REALTIME_TIMESTAMP=1423944916375353
 *   _PID=1
 *   MESSAGE                                                  anything: NAME LF, length as 8 bytes little-endian,
 *   <07 00 00 00 00 00 00 00>foo LF bar LF                   so many bytes, LF
 *                                                            an empty line ends the entry
 *
 * Fields come in any order and may come repeatedly; then the first counts. A length is only counted down, never allocated. */
#ifndef INGEST_JOURNAL_JOURNAL_H
#define INGEST_JOURNAL_JOURNAL_H

#include "ingest/driver/intake.h"
#include "ingest/journal/child.h"

#define JOURNAL_NAME_MAX  64                    /* of a field, as systemd has it */
#define JOURNAL_VALUE_MAX ((size_t)16 << 10)    /* of a value, that is kept */
#define JOURNAL_FIELD_MAX (UINT64_C(768) << 20) /* of a field, that is read over; as systemd has it */
#define JOURNAL_ENTRY_MAX ((size_t)JOURNAL_VALUE_MAX * 4)

enum journal_field {
#define FIELD(id, name) JOURNAL_##id,
#include "ingest/journal/fields.def"
#undef FIELD
    JOURNAL_FIELDS
};

struct journal_entry {
    uint64_t line, offset;               /* where it begins */
    struct bytes fields[JOURNAL_FIELDS]; /* empty: absent, or longer than JOURNAL_VALUE_MAX and then cut */
};

/* ---- the format (parse.c) ---- */

enum journal_state { JOURNAL_LINE, JOURNAL_LENGTH, JOURNAL_VALUE, JOURNAL_AFTER };

struct journal_parser {
    /* `wrong`: what is wrong with the entry, which is then not complete; NULL: nothing. A non-zero answer ends the push. */
    int (*take)(void *ctx, const struct journal_entry *entry, const char *wrong, struct err *err);
    void *ctx;
    enum journal_state state;
    struct buf line, kept; /* of the line at hand; values of the entry at hand */
    uint64_t length, left, line_n;
    unsigned length_n;
    int wanted; /* the field at hand, or -1 */
    bool any, cut;
    const char *wrong;
    uint64_t offset, at_line; /* of the next byte */
    struct {
        size_t at, n;
        bool there;
    } places[JOURNAL_FIELDS];
    uint64_t entry_line, entry_offset;
};

void journal_parser_init(struct journal_parser *p,
                         int (*take)(void *, const struct journal_entry *, const char *, struct err *), void *ctx);
void journal_parser_done(struct journal_parser *p);
/* Takes the next bytes. ERR_INVALID: nothing after this can be understood; ERR_NOMEM; or what `take` answered. */
int journal_push(struct journal_parser *p, struct bytes bytes, struct err *err);
/* Ends the input: an entry that is complete but for its empty line is taken, one that is cut off is taken as wrong. */
int journal_push_end(struct journal_parser *p, struct err *err);

/* ---- what is recorded (entry.c, kernel.c) ---- */

#define JOURNAL_UNIT_MAX  255
#define JOURNAL_EXITS_MAX 32

/* A process that the kernel killed, or a fault of a GPU. */
struct journal_fault {
    const char *what; /* oom, gpu */
    char device[48], unit[JOURNAL_UNIT_MAX + 1];
    int64_t code; /* -1: none */
};

struct journal_reading {
    struct intake *run;
    struct ingest_place place;
    const char *cursor;                  /* name of the ledger's cursor that moves with the entries; NULL: none does */
    char newest[JOURNAL_CURSOR_MAX + 1]; /* the cursor of the newest entry; empty: none */
    /* The newest exits of units, to say with which code a run failed. */
    struct journal_exit {
        char unit[JOURNAL_UNIT_MAX + 1];
        int64_t code;
    } exits[JOURNAL_EXITS_MAX];
    size_t next_exit;
    char doomed[JOURNAL_UNIT_MAX + 1]; /* the unit that the kernel's newest oom-kill line names */
    char killed[JOURNAL_UNIT_MAX + 1]; /* the unit that the kernel's newest kill was in, and when */
    uint64_t killed_at;
};

/* Adds the event of an entry, if it has one. 0, INTAKE_STOP or an error. */
int journal_take(struct journal_reading *r, const struct journal_entry *entry, struct err *err);
/* Whether a message of the kernel is a fault. "oom-kill:" lines are remembered: they name the unit for the line after. */
bool journal_kernel(struct journal_reading *r, const struct journal_entry *entry, struct journal_fault *ret);

int journal_read(struct intake *run, struct err *err);

#endif
