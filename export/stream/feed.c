/* A stream of events. Each pump reads [next, head) as an export does, with the same threads, the same rules for what leaves and the same search
 * for secrets, and holds no transaction afterwards: a slow receiver does not keep old pages alive, and recording does not
 * wait for it.
 *
 * Where an export refuses what looks like a secret, a stream withholds it and continues: one such event must not end the
 * feed for good. */
#include "export/stream/stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/json.h"
#include "base/mp.h"
#include "base/secret/secret.h"
#include "export/cut/manifest.h"
#include "export/cut/record.h"
#include "export/stream/writer.h"
#include "ledger/kinds/id.h"
#include "ledger/signing/epoch.h"

static const char *const format_names[] = {[STREAM_JSONL] = "jsonl", [STREAM_OTLP] = "otlp", [STREAM_SYSLOG] = "syslog"};

#define FORMATS     (sizeof(format_names) / sizeof(format_names[0]))
#define OTLP_EVENTS 512 /* records of one request */
#define CONTENT_MAX ((size_t)4 << 20)
#define REQUEST_MAX ((size_t)64 << 20)

const char *stream_format_name(enum stream_format format) {
    return format_names[format];
}

bool stream_format_find(const char *name, enum stream_format *ret) {
    for (size_t i = 0; i < FORMATS; i++) {
        if (strcmp(name, format_names[i]) == 0) {
            *ret = (enum stream_format)i;
            return true;
        }
    }
    return false;
}

bool stream_is_own(struct bytes kind) {
    return epoch_is_kind(kind) || bytes_is(kind, "ledger.erased");
}

/* ---- the claim ---- */

int stream_claim(const struct stream *s, struct buf *out, struct err *err) {
    struct buf mp = {.max = 4 * STREAM_CLAIM_MAX};
    mp_put_map(&mp, 2);
    manifest_put_filter(&mp, s->claim.term, s->claim.n_terms);
    manifest_put_names(&mp, "private", s->claim.private_, s->claim.n_private);
    int rc = buf_check(&mp, "the filter", err);
    if (rc == 0) rc = json_from_mp(bytes_of_buf(&mp), JSON_LINE, out, err);
    buf_done(&mp);
    if (rc == 0 && out->n > STREAM_CLAIM_MAX) {
        rc = err_set(err, ERR_LIMIT, "filter and names take more than %zu bytes", STREAM_CLAIM_MAX);
    }
    return rc;
}

int stream_new(struct ledger *ledger, const struct stream_options *options, struct stream **ret, struct err *err) {
    struct stream *s = calloc(1, sizeof(*s));
    if (s == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    s->ledger = ledger;
    s->options = *options;
    export_options_init(&s->asked);
    s->asked.terms = options->terms;
    s->asked.n_terms = options->n_terms;
    s->asked.private_ = options->private_;
    s->asked.n_private = options->n_private;
    s->asked.stop = options->stop;
    s->kept = LOG_NO_SEQ;
    s->counts.first_withheld = LOG_NO_SEQ;
    lines_init(&s->lines, "a piece of the stream", STREAM_LINE_MAX);
    buf_init(&s->piece, REQUEST_MAX);
    buf_init(&s->text, CONTENT_MAX);
    buf_init(&s->note, NOTE_MAX);
    int rc = cut_ask(&s->claim, &s->asked, err);
    if (rc == 0) {
        *ret = s;
    } else {
        stream_free(s);
    }
    return rc;
}

void stream_free(struct stream *stream) {
    if (stream != NULL) {
        lines_done(&stream->lines);
        buf_done(&stream->piece);
        buf_done(&stream->text);
        buf_done(&stream->note);
        free(stream);
    }
}

int stream_record(struct stream *stream, uint64_t from, const struct export_delivery *to, struct bytes query,
                  uint64_t *ret_seq, struct err *err) {
    struct buf body = {.max = 1 << 20}, claim = {.max = 2 * STREAM_CLAIM_MAX};
    struct log_receipt receipt;
    struct log_head head;
    uint8_t digest[LOG_HASH];
    int rc = log_head(stream->ledger, &head, err);
    if (rc == 0) rc = stream_claim(stream, &claim, err);
    if (rc == 0) {
        struct bytes text = bytes_of_buf(&claim);
        hash_parts(digest, &text, 1);
        mp_put_map(&body, 7);
        record_digest(&body, "digest", digest);
        record_disclosure(&body, &stream->asked);
        mp_pair_str(&body, "format", bytes_of(stream_format_name(stream->options.format)));
        mp_pair_uint(&body, "from", from);
        mp_pair_str(&body, "query", query);
        record_digest(&body, "root", head.root);
        mp_pair_uint(&body, "size", head.size);
        rc = record_commit(stream->ledger, to, &body, &receipt, err);
    }
    if (rc == 0) {
        *ret_seq = receipt.seq;
    }
    buf_done(&body);
    buf_done(&claim);
    return rc;
}

/* ---- pieces ---- */

static int put_piece(struct stream *s, struct err *err) {
    struct bytes piece = bytes_of_buf(s->options.format == STREAM_JSONL ? &s->lines.kept : &s->piece);
    int rc = 0;
    if (s->options.format == STREAM_OTLP && s->in_piece > 0) {
        rc = stream_otlp_end(s, err);
        piece = bytes_of_buf(&s->piece);
    }
    if (rc == 0 && piece.n > 0) {
        rc = s->options.put(s->options.ctx, piece, &s->at, s->in_piece, err);
    }
    lines_clear(&s->lines);
    buf_clear(&s->piece);
    s->in_piece = 0;
    return rc;
}

static bool is_full(const struct stream *s) {
    return s->options.format == STREAM_JSONL  ? s->lines.kept.n >= STREAM_PIECE
           : s->options.format == STREAM_OTLP ? s->in_piece >= OTLP_EVENTS || s->piece.n >= 4 * STREAM_PIECE
                                              : s->in_piece > 0;
}

int stream_leaf_of(struct ledger *ledger, uint64_t seq, uint8_t ret[LOG_HASH], struct err *err) {
    struct log_reader *reader = NULL;
    struct log_event event;
    int rc = log_reader_open(ledger, seq, seq + 1, &reader, err);
    if (rc == 0) rc = log_reader_next(reader, &event, err);
    if (rc == 1) rc = err_set(err, ERR_NOTFOUND, "there is no event %llu", (unsigned long long)seq);
    if (rc == 0) {
        memcpy(ret, event.leaf, LOG_HASH);
    }
    log_reader_close(reader);
    return rc;
}

int stream_begin(struct stream *stream, uint64_t from, uint64_t exported, struct err *err) {
    struct stream *s = stream;
    s->at = (struct stream_at){.next = from};
    s->exported = exported;
    s->note_size = 0;
    s->sealed = from;
    int rc = from == 0 ? 0 : stream_leaf_of(s->ledger, from - 1, s->at.leaf, err);
    if (rc == 0 && s->options.format == STREAM_JSONL) {
        rc = stream_lines_begin(s, from, exported, err);
        if (rc == 0) rc = put_piece(s, err);
    }
    lines_clear(&s->lines);
    return rc;
}

int stream_first_at(struct ledger *ledger, uint64_t time, uint64_t *ret, struct err *err) {
    struct log_reader *reader = NULL;
    struct log_head head;
    int rc = log_head(ledger, &head, err);
    if (rc == 0) rc = log_reader_open(ledger, 0, head.size, &reader, err);
    if (rc == 0) rc = cut_first_at(reader, 0, head.size, time, ret, err);
    log_reader_close(reader);
    return rc;
}

/* ---- what leaves of an event ---- */

static bool header_is_secret(const struct event_header *h) {
    const struct bytes texts[] = {h->subject, h->actor, h->source, h->run, h->key};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (texts[i].n > 0 && !kind_is_id(texts[i]) && secret_is_in(texts[i])) return true;
    }
    return false;
}

static void hold(struct stream *s, struct cut *cut, struct stream_event *e) {
    const struct event_header *h = &e->event->header;
    if (s->counts.first_withheld == LOG_NO_SEQ) {
        s->counts.first_withheld = h->seq;
        snprintf(s->counts.rule, sizeof(s->counts.rule), "%s", cut->secret_rule);
    }
    e->fate = header_is_secret(h) ? STREAM_HELD_ALL : STREAM_HELD;
    cut->counts.secrets = 0;
    for (size_t i = 0; i < CUT_SCANNED; i++) {
        buf_clear(&cut->scanned[i]); /* the same text in the next event is looked at again */
    }
}

static int judge(struct stream *s, struct stream_event *e, struct err *err) {
    struct cut *cut = e->walk->cut;
    struct log_event whole;
    enum cut_fate fate;
    size_t n_private;
    bool own =
        s->options.format == STREAM_JSONL && (stream_is_own(e->event->header.kind) || e->event->header.seq == s->exported);
    int rc = cut_count(e->walk, e->event, &fate, &n_private, err);
    if (rc == 0 && fate == CUT_HEADER_ONLY && own) {
        rc = cut_walk_whole(e->walk, e->event, &whole, err);
        if (rc == 0) rc = cut_look_at(cut, &whole, err);
        fate = CUT_DISCLOSED;
    }
    if (rc != 0) return rc;
    e->fate = fate == CUT_DISCLOSED ? STREAM_SHOWN : fate == CUT_ERASED ? STREAM_ERASED : STREAM_LEFT_OUT;
    if (cut->counts.secrets > 0 && e->fate != STREAM_LEFT_OUT) {
        hold(s, cut, e);
    }
    cut->counts.secrets = 0;
    return 0;
}

static void count(struct stream *s, enum stream_fate fate) {
    struct stream_counts *n = &s->counts;
    n->events++;
    n->disclosed += fate == STREAM_SHOWN;
    n->erased += fate == STREAM_ERASED;
    n->withheld += fate == STREAM_HELD || fate == STREAM_HELD_ALL;
    n->left_out += fate == STREAM_LEFT_OUT;
}

/* ---- pumping ---- */

/* Checkpoints that belong between two events: those of handovers, and now and then a kept one. */
static int between(struct stream *s, const struct stream_event *e, struct err *err) {
    const struct event_header *h = &e->event->header;
    uint64_t size = h->seq + 1;
    int rc = 0;
    if (s->options.format != STREAM_JSONL) return 0;
    if (size == s->kept || (h->seq > 0 && epoch_is_kind(h->kind))) {
        rc = stream_kept_checkpoint(s, size, err);
    }
    if (rc == 0 && size == s->kept) {
        rc = stream_next_kept(s, size + STREAM_SEAL_EVERY, &s->kept, err);
    }
    return rc;
}

static int take(struct stream *s, struct cut_walk *walk, const struct cut_event *event, struct err *err) {
    struct stream_event e = {.walk = walk, .event = event};
    memcpy(e.leaf, event->group->event[event->at].leaf, LOG_HASH);
    int rc = judge(s, &e, err);
    if (rc != 0) return rc;
    switch (s->options.format) {
    case STREAM_JSONL:
        rc = stream_lines_event(s, &e, err);
        break;
    case STREAM_OTLP:
        rc = e.fate == STREAM_LEFT_OUT || e.fate == STREAM_HELD_ALL ? 0 : stream_otlp_event(s, &e, err);
        break;
    default:
        rc = e.fate == STREAM_LEFT_OUT || e.fate == STREAM_HELD_ALL ? 0 : stream_syslog_event(s, &e, err);
        break;
    }
    if (rc == 0) {
        count(s, e.fate);
        s->in_piece += s->options.format == STREAM_JSONL || (e.fate != STREAM_LEFT_OUT && e.fate != STREAM_HELD_ALL);
        s->at.next = event->header.seq + 1;
        memcpy(s->at.leaf, e.leaf, LOG_HASH);
        rc = between(s, &e, err);
    }
    if (rc == 0 && is_full(s)) rc = put_piece(s, err);
    return rc;
}

static int pump(struct stream *s, struct cut *cut, struct err *err) {
    struct cut_walk walk = {0};
    struct cut_event event;
    int rc = s->options.format == STREAM_JSONL ? stream_next_kept(s, s->at.next + STREAM_SEAL_EVERY, &s->kept, err) : 0;
    if (rc == 0) rc = cut_walk_open(&walk, cut, err);
    while (rc == 0 && (rc = cut_walk_next(&walk, &event, err)) == 0) {
        rc = take(s, &walk, &event, err);
    }
    rc = rc == 1 ? put_piece(s, err) : rc;
    cut_walk_close(&walk);
    return rc;
}

int stream_pump(struct stream *stream, uint64_t *ret_n, struct err *err) {
    struct stream *s = stream;
    struct cut cut = {0};
    struct log_head head;
    uint64_t before = s->at.next;
    int rc = log_head(s->ledger, &head, err);
    *ret_n = 0;
    if (rc == 0 && head.size < before) {
        return err_set(err, ERR_ROLLBACK, "the ledger has %llu events, and %llu were already sent",
                       (unsigned long long)head.size, (unsigned long long)before);
    }
    if (rc != 0 || head.size == before) return rc;
    s->asked.from = before;
    rc = cut_open(&cut, s->ledger, &s->asked, err);
    if (rc == 0) rc = pump(s, &cut, err);
    if (rc == 0) {
        s->note_size = cut.counts.head.size;
        buf_clear(&s->note);
        buf_put_bytes(&s->note, bytes_of_buf(&cut.note));
        rc = buf_check(&s->note, "a checkpoint", err);
    }
    *ret_n = s->at.next - before;
    lines_clear(&s->lines); /* of a piece that was not completed */
    buf_clear(&s->piece);
    s->in_piece = 0;
    cut_done(&cut);
    return rc;
}

uint64_t stream_unsealed(const struct stream *stream) {
    return stream->options.format == STREAM_JSONL ? stream->at.next - stream->sealed : 0;
}

int stream_seal(struct stream *stream, struct err *err) {
    struct stream *s = stream;
    if (stream_unsealed(s) == 0 || s->note_size != s->at.next) return 0;
    int rc = stream_lines_checkpoint(s, bytes_of_buf(&s->note), s->note_size, err);
    if (rc == 0) rc = put_piece(s, err);
    lines_clear(&s->lines);
    return rc;
}

const struct stream_at *stream_where(const struct stream *stream) {
    return &stream->at;
}

const struct stream_counts *stream_counted(const struct stream *stream) {
    return &stream->counts;
}
