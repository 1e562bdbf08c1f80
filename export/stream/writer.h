/* What the formats of a stream share with the walk over its events. Internal to this room. */
#ifndef EXPORT_STREAM_WRITER_H
#define EXPORT_STREAM_WRITER_H

#include "export/cut/lines.h"
#include "export/stream/stream.h"

#define STREAM_PEN        "ledger@32473" /* of structured data: the number for documentation, RFC 5612 */
#define STREAM_FORMAT     "ledger/stream/v1"
#define STREAM_BEGIN      "{\"claim\":"
#define STREAM_LINE_MAX   ((size_t)24 << 20)
#define STREAM_CLAIM_MAX  ((size_t)64 << 10)
#define STREAM_PIECE      ((size_t)256 << 10) /* bytes from which a piece is put */
#define STREAM_SEAL_EVERY 4096                /* events: in a long piece a kept checkpoint is put this often */

/* What leaves of an event. */
enum stream_fate {
    STREAM_SHOWN,
    STREAM_ERASED,   /* its header; the body no longer exists */
    STREAM_HELD,     /* its header: the content looks like a secret */
    STREAM_HELD_ALL, /* its leaf: something in the header does */
    STREAM_LEFT_OUT  /* its leaf: it does not match */
};

struct stream {
    struct ledger *ledger;
    struct stream_options options;
    struct export_options asked;
    struct cut claim;    /* the sorted options */
    struct lines lines;  /* the piece, of lines of JSON */
    struct buf piece;    /* the piece, of another format */
    struct buf text;     /* scratch */
    uint64_t in_piece;   /* events */
    uint64_t exported;   /* the event that records this section: disclosed whatever the filter */
    struct stream_at at; /* behind the last event in the piece */
    uint64_t sealed;     /* of lines of JSON: size of the last checkpoint in the stream */
    struct buf note;     /* the checkpoint of the head up to which pump has come */
    uint64_t note_size;  /* its size; 0: none */
    uint64_t kept;       /* the next kept checkpoint to be put within a pump; LOG_NO_SEQ: none */
    struct stream_counts counts;
};

/* One event, with the walk at it. */
struct stream_event {
    struct cut_walk *walk;
    const struct cut_event *event;
    uint8_t leaf[LOG_HASH];
    enum stream_fate fate;
};

/* Whether the kind is disclosed whatever the filter: a verifier needs those events. */
bool stream_is_own(struct bytes kind);

/* The leaf of event seq. ERR_NOTFOUND: there is none. */
int stream_leaf_of(struct ledger *ledger, uint64_t seq, uint8_t ret[LOG_HASH], struct err *err);

/* Appends the object of the claim: {"filter":[...],"private":[...]}. */
int stream_claim(const struct stream *stream, struct buf *out, struct err *err);

/* ---- lines.c ---- */

int stream_lines_begin(struct stream *s, uint64_t from, uint64_t exported, struct err *err);
int stream_lines_event(struct stream *s, const struct stream_event *e, struct err *err);
/* A line with this note, of this size. */
int stream_lines_checkpoint(struct stream *s, struct bytes note, uint64_t size, struct err *err);
/* The checkpoint that the ledger keeps of exactly this size. ERR_NOTFOUND. */
int stream_kept_checkpoint(struct stream *s, uint64_t size, struct err *err);
/* The size of the first kept checkpoint from this size on; LOG_NO_SEQ: there is none. */
int stream_next_kept(struct stream *s, uint64_t size, uint64_t *ret, struct err *err);

/* ---- otlp.c, syslog.c ---- */

/* The event with the body and the private fields that leave, if any: borrowed until the next call. */
int stream_content(struct stream *s, const struct stream_event *e, struct log_event *ret, struct bytes *ret_private,
                   struct err *err);
int stream_otlp_event(struct stream *s, const struct stream_event *e, struct err *err);
int stream_otlp_end(struct stream *s, struct err *err); /* completes the request in the piece */
int stream_syslog_event(struct stream *s, const struct stream_event *e, struct err *err);

#endif
