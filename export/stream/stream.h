/* Following a ledger: its events from some seq on, in order, in a format of another system, as pieces that end between two
 * events. */
#ifndef EXPORT_STREAM_STREAM_H
#define EXPORT_STREAM_STREAM_H

#include "export/export.h"

enum stream_format { STREAM_JSONL, STREAM_OTLP, STREAM_SYSLOG };
/* "jsonl", "otlp", "syslog" */
const char *stream_format_name(enum stream_format format);
bool stream_format_find(const char *name, enum stream_format *ret);

/* Where a stream is: everything before event `next` has been taken. */
struct stream_at {
    uint64_t next;
    uint8_t leaf[LOG_HASH]; /* of event next - 1; zeros when next is 0 */
};

/* Takes a piece of output, which ends where `at` says; events counts those in it. A non-zero result ends the call that
 * made the piece and is returned. */
typedef int stream_put_fn(void *ctx, struct bytes piece, const struct stream_at *at, uint64_t events, struct err *err);

struct stream_options {
    enum stream_format format;
    const struct export_term *terms; /* all must hold for an event */
    size_t n_terms;
    const char *const *private_; /* names of private fields to send */
    size_t n_private;
    const volatile int *stop; /* not 0: ERR_BUSY. May be NULL */
    stream_put_fn *put;
    void *ctx;
};

struct stream_counts {
    uint64_t events, disclosed, erased, withheld, left_out; /* withheld: something in them looks like a secret */
    uint64_t first_withheld;                                /* LOG_NO_SEQ: none */
    char rule[32];                                          /* of the secret scanner, for that one */
};

struct stream;
/* Borrows the ledger, terms and names until stream_free. ERR_INVALID, ERR_LIMIT: wrong options. */
int stream_new(struct ledger *ledger, const struct stream_options *options, struct stream **ret, struct err *err);
void stream_free(struct stream *stream); /* NULL is fine */

/* Who follows, and where to; recorded privately, except for the actor. Appends the event ledger.exported: it comes before
 * the first byte of a section. `query` is the filter in words. *ret_seq: the event. */
int stream_record(struct stream *stream, uint64_t from, const struct export_delivery *to, struct bytes query,
                  uint64_t *ret_seq, struct err *err);
/* Begins a section at event `from`, which must not be above the head's size; `exported` is the event from stream_record.
 * Lines of JSON begin with what proves the keys up to there. */
int stream_begin(struct stream *stream, uint64_t from, uint64_t exported, struct err *err);
/* Puts all events up to the head as it is now. *ret_n: how many there were. Nothing is kept open in between. */
int stream_pump(struct stream *stream, uint64_t *ret_n, struct err *err);
/* Puts the checkpoint of what pump has put, unless it is there. For lines of JSON only; else does nothing. */
int stream_seal(struct stream *stream, struct err *err);
/* How many events are not yet under a checkpoint. */
uint64_t stream_unsealed(const struct stream *stream);
const struct stream_at *stream_where(const struct stream *stream);
const struct stream_counts *stream_counted(const struct stream *stream);

/* The first event at or after a time; the head's size when there is none. */
int stream_first_at(struct ledger *ledger, uint64_t time, uint64_t *ret, struct err *err);

/* ---- cursors ---- */

/* Where another system continues, as a small file:
 *
 *   ledger/cursor/v1 LF <genesis leaf, hex> LF <next seq> LF <leaf of the event before, hex> LF */
/* Reads one for this ledger. ERR_NOTFOUND: there is no such file. ERR_INVALID: it is not a cursor. ERR_CONFLICT: it is of
 * another ledger, or of another history of this one. ERR_ROLLBACK: the ledger has fewer events. */
int stream_cursor_read(struct ledger *ledger, const char *path, struct stream_at *ret, struct err *err);
/* Replaces the file; durable when it returns. */
int stream_cursor_write(struct ledger *ledger, const char *path, const struct stream_at *at, struct err *err);

/* ---- checking lines of JSON ---- */

struct stream_report {
    struct export_report report; /* the verdict; counts.from and .to are the events that are covered */
    uint64_t lines, sections, repeated, checkpoints;
    uint64_t sealed; /* events before this one are under a checkpoint */
};
/* Reads lines, plain or in zstd frames, from a descriptor to its end, once; returns like export_verify. options->question
 * is not used. */
int stream_verify(int fd, const struct export_verify_options *options, struct stream_report *ret, struct err *err);

#endif
