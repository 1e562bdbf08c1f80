/* Checking a stream: one pass over the lines. Everything is recomputed from them: leaves, chain, tree, commitments, and at
 * each checkpoint the root and the signatures. What breaks a rule ends the reading and is named by line and event. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/mp.h"
#include "base/text.h"
#include "export/stream/section.h"
#include "export/stream/writer.h"
#include "ledger/event/erased.h"
#include "ledger/signing/epoch.h"

#define REPORT_OF_STREAM (REPORT_OF_BUNDLE & ~REPORT_BIT(LOG_STATES))

/* ---- erasures ---- */

static int by_seq(const void *a, const void *b) {
    const struct section_erased *x = a, *y = b;
    return x->seq < y->seq ? -1 : x->seq > y->seq;
}

static int say_erased(struct streaming *s, uint64_t seq, struct err *err) {
    if (s->n_erased == BUNDLE_ERASED_MAX) {
        s->c.rule = "S13";
        return err_set(err, ERR_CORRUPT, "more than %zu erased events", BUNDLE_ERASED_MAX);
    }
    int rc = array_room(&s->erased, s->n_erased + 1, &s->cap_erased, sizeof(*s->erased), err);
    if (rc == 0) {
        s->erased[s->n_erased++] = (struct section_erased){.seq = seq, .by = LOG_NO_SEQ};
    }
    return rc;
}

static int prove_erased(void *ctx, uint64_t seq, struct err *err) {
    struct streaming *s = ctx;
    struct section_erased want = {.seq = seq};
    struct section_erased *found = s->n_erased == 0 ? NULL : bsearch(&want, s->erased, s->n_erased, sizeof(want), by_seq);
    (void)err;
    if (found != NULL && s->erasing < found->by) {
        found->by = s->erasing;
    }
    return 0;
}

static int take_erasing(struct streaming *s, uint64_t seq, struct bytes body) {
    enum log_erase_what what;
    struct err why = {0};
    if (s->c.again && seq < s->kept_from) return 0; /* it is compared with nothing */
    s->erasing = seq;
    int rc = erased_what(body, &what, &why);
    if (rc == 0 && what == LOG_ERASE_BODY) rc = erased_events(body, seq, prove_erased, s, &why);
    return rc == 0 ? 0 : check_fault(&s->c, "F26", LOG_ERASURES, seq, "%s", why.msg);
}

/* ---- events ---- */

/* The event that records the section: its digest is that of the claim. */
static int check_exported(struct streaming *s, const struct event_header *h, struct bytes body, bool shown) {
    char digest[8 + 2 * LOG_HASH] = "sha256:";
    text_hex(digest + 7, s->claim, EVENT_HASH);
    s->claim_open = s->c.again && h->seq < s->kept_from; /* then it is compared with nothing */
    if (!shown || !bytes_is(h->kind, "ledger.exported") || !bytes_is(mp_get_text(body, "digest"), digest) ||
        !bytes_is(mp_get_text(body, "format"), "jsonl")) {
        return check_fault(&s->c, "S11", LOG_COMPLETENESS, h->seq, "it does not record what the section claims");
    }
    return 0;
}

/* What only some events need: those that begin an epoch, that erase, that record the section. */
static int check_special(struct streaming *s, const struct check_slot *slot, const struct check_said *said,
                         struct err *err) {
    struct checking *c = &s->c;
    const struct event_header *h = &slot->h;
    struct event_author author;
    struct bytes body = {0};
    uint8_t commit[EVENT_HASH];
    bool shown = said->what == EXPORT_DISCLOSED;
    event_body_commit(commit, said->salt, bytes_of_buf(&c->payload));
    if (shown && memcmp(commit, h->body, EVENT_HASH) != 0) { /* before it is believed */
        return check_fault(c, "F3", LOG_INTEGRITY, h->seq, "its payload is not what its header commits to");
    }
    c->rule = "F2";
    int rc = shown ? check_payload(bytes_of_buf(&c->payload), &body, &author, err) : 0;
    if (rc == 0 && epoch_is_kind(h->kind)) {
        uint8_t before[EVENT_HASH];
        merkle_edge_root(&c->edge, before);
        rc = !shown ? check_fault(c, "S9", LOG_SEALS, h->seq, "it begins an epoch of keys, and its content is not there")
                    : check_stream_handover(c, slot, body, before, err);
        s->due = h->seq > 0;
    } else if (rc == 0 && shown && bytes_is(h->kind, "ledger.erased")) {
        rc = take_erasing(s, h->seq, body);
    }
    if (rc == 0 && h->seq == s->exported) rc = check_exported(s, h, body, shown);
    return rc;
}

static bool is_special(const struct streaming *s, const struct event_header *h) {
    return stream_is_own(h->kind) || h->seq == s->exported;
}

static int judge_fate(struct streaming *s, const struct check_slot *slot, const struct check_said *said, struct err *err) {
    struct checking *c = &s->c;
    struct log_event event = {0};
    const struct event_header *h = &slot->h;
    if (!slot->matches && !is_special(s, h)) {
        return check_fault(c, "S7", LOG_COMPLETENESS, h->seq, "it does not match the filter and has more than its leaf");
    }
    switch (said->what) {
    case EXPORT_DISCLOSED:
        return check_disclosed(c, slot, said, err);
    case EXPORT_ERASED:
        if (epoch_is_kept(h->kind)) {
            return check_fault(c, "F27", LOG_ERASURES, h->seq, "its body is said to be erased, which is not possible");
        }
        c->found->counts.erased++;
        break;
    default:
        c->found->counts.withheld++;
        s->n_held += !c->again;
        break;
    }
    int rc = said->what == EXPORT_ERASED && !c->again ? say_erased(s, h->seq, err) : 0;
    if (rc == 0) rc = check_give(c, slot, said->what, &event, (struct bytes){0}, err);
    return rc;
}

/* A new event counts, a repeated one was counted. */
static int add_leaf(struct streaming *s, uint64_t seq, const uint8_t leaf[EVENT_HASH]) {
    struct checking *c = &s->c;
    int rc = c->again ? section_repeated(s, seq, leaf) : 0;
    if (rc != 0) return rc;
    merkle_edge_push(&c->edge, leaf, NULL);
    c->next = seq + 1;
    if (c->again) {
        s->report->repeated++;
    } else {
        section_keep(s, seq, leaf);
        s->end = seq + 1;
    }
    memcpy(c->prev, leaf, EVENT_HASH);
    c->has_prev = true;
    return section_reached(s);
}

static void count_gap(struct checking *c, const struct event_header *h) {
    if (!c->again && bytes_is(h->kind, "ledger.gap")) {
        c->first_gap = c->found->counts.gaps++ == 0 ? h->seq : c->first_gap;
    }
}

/* A line that has the header; what is before `"header"` was read. */
static int take_header(struct streaming *s, struct check_said *said, uint64_t *ret_seq, struct err *err) {
    struct scan *scan = &s->c.scan;
    bool bare = false;
    int rc = scan_literal(scan, "\"header\":\"", err);
    if (rc == 0) rc = scan_base64(scan, &s->c.header, EVENT_HEADER_MAX, err);
    if (rc == 0) rc = scan_literal(scan, ",", err);
    if (rc == 0) rc = scan_sees(scan, "\"seq\"", &bare, err);
    if (rc == 0 && !bare && said->what != EXPORT_ERASED) rc = check_take_disclosed(&s->c, said, err);
    if (rc == 0) rc = scan_literal(scan, "\"seq\":", err);
    if (rc == 0) rc = scan_uint(scan, ret_seq, err);
    if (rc == 0 && said->what == EXPORT_WITHHELD) rc = scan_literal(scan, ",\"withheld\":true", err);
    if (rc == 0) rc = scan_line_end(scan, err);
    return rc;
}

static int check_order(struct streaming *s, uint64_t seq) {
    return seq == s->c.next ? 0
                            : check_fault(&s->c, "S5", LOG_COMPLETENESS, s->c.next, "the line is about event %llu",
                                          (unsigned long long)seq);
}

static int check_event(struct streaming *s, bool erased, struct err *err) {
    struct checking *c = &s->c;
    struct check_slot *slot = &c->slot[0];
    struct check_said said = {.what = erased ? EXPORT_ERASED : EXPORT_WITHHELD};
    struct export_counts counts = c->found->counts;
    uint64_t seq;
    int rc = scan_literal(&c->scan, erased ? "{\"erased\":true," : "{", err);
    if (rc == 0) rc = take_header(s, &said, &seq, err);
    if (rc == 0) rc = check_order(s, seq);
    slot->bytes = bytes_of_buf(&c->header);
    c->again = s->c.next < s->end;
    if (rc == 0) rc = check_header(c, slot, err);
    if (rc != 0) return rc;
    if (is_special(s, &slot->h) || seq == 0) rc = check_special(s, slot, &said, err);
    if (rc == 0 && c->n_epochs == 0) {
        rc = check_fault(c, "S4", LOG_SEALS, seq, "the first event is not ledger.created");
    }
    if (rc == 0) rc = judge_fate(s, slot, &said, err);
    count_gap(c, &slot->h);
    if (c->again) {
        c->found->counts = counts;
    } else {
        c->found->counts.headers++;
        c->found->counts.matching += slot->matches;
    }
    if (rc == 0) rc = add_leaf(s, seq, slot->leaf);
    return rc;
}

static int check_leaf(struct streaming *s, struct err *err) {
    struct checking *c = &s->c;
    uint8_t leaf[EVENT_HASH];
    uint64_t seq;
    bool held = false;
    int rc = scan_literal(&c->scan, "{\"leaf\":\"", err);
    if (rc == 0) rc = scan_hash(&c->scan, leaf, err);
    if (rc == 0) rc = scan_literal(&c->scan, ",\"seq\":", err);
    if (rc == 0) rc = scan_uint(&c->scan, &seq, err);
    if (rc == 0) rc = scan_sees(&c->scan, ",", &held, err);
    if (rc == 0 && held) rc = scan_literal(&c->scan, ",\"withheld\":true", err);
    if (rc == 0) rc = scan_line_end(&c->scan, err);
    if (rc == 0) rc = check_order(s, seq);
    if (rc != 0) return rc;
    if (seq == 0 || seq == s->exported) {
        return check_fault(c, seq == 0 ? "S4" : "S11", LOG_SEALS, seq, "its content is not there");
    }
    if (!held && c->manifest.n_terms == 0) {
        return check_fault(c, "S8", LOG_COMPLETENESS, seq, "it has only its leaf, although there is no filter");
    }
    c->again = seq < s->end;
    if (!c->again) {
        s->own_leaves++;
        s->n_leaves += !held;
        s->n_held += held;
        c->found->counts.withheld += held;
    }
    return add_leaf(s, seq, leaf);
}

/* ---- checkpoints ---- */

static int check_point(struct streaming *s, struct err *err) {
    struct checking *c = &s->c;
    struct checkpoint point;
    uint8_t root[EVENT_HASH];
    uint64_t size;
    int rc = scan_literal(&c->scan, "{\"checkpoint\":", err);
    if (rc == 0) rc = scan_string(&c->scan, &s->text, NOTE_MAX, err);
    if (rc == 0) rc = scan_literal(&c->scan, ",\"size\":", err);
    if (rc == 0) rc = scan_uint(&c->scan, &size, err);
    if (rc == 0) rc = scan_line_end(&c->scan, err);
    if (rc != 0) return rc;
    if (c->n_epochs == 0 || size != c->edge.size || size <= s->last_point) {
        return check_fault(c, "S10", LOG_SEALS, LOG_NO_SEQ, "a checkpoint of size %llu, after %llu events%s",
                           (unsigned long long)size, (unsigned long long)c->edge.size,
                           size == s->last_point && size == c->edge.size ? ", once more" : "");
    }
    merkle_edge_root(&c->edge, root);
    rc = check_stream_checkpoint(c, bytes_of_buf(&s->text), c->other, &point, size, root, err);
    if (rc != 0) return rc;
    s->due = false;
    s->last_point = size;
    s->report->checkpoints++;
    section_sealed(s, size);
    if (size < s->goal) return 0;                     /* nothing ties what it covers to the sections before */
    if (!s->has_point || size >= s->report->sealed) { /* the newest one is kept with its memory */
        struct note *note = c->head;
        struct buf text = c->note;
        c->head = c->other;
        c->other = note;
        c->note = s->text;
        s->text = text;
        c->point = point;
        s->has_point = true;
        s->report->sealed = size;
    }
    return 0;
}

/* ---- lines ---- */

static int check_line(struct streaming *s, struct err *err) {
    struct checking *c = &s->c;
    static const char *const begins[] = {STREAM_BEGIN, "{\"checkpoint\":", "{\"erased\":", "{\"header\":", "{\"leaf\":"};
    bool is[5] = {false};
    int rc = 0;
    section_line(c);
    c->rule = "S1";
    for (size_t i = 0; i < 5 && rc == 0; i++) {
        rc = scan_sees(&c->scan, begins[i], &is[i], err);
    }
    if (rc != 0) return rc;
    s->report->lines++;
    s->begins = is[0];
    if (!s->begun && !is[0]) {
        c->rule = "S2";
        return err_set(err, ERR_CORRUPT, "it does not begin as a stream does: %s", STREAM_BEGIN "...");
    }
    if (s->due && !is[1]) {
        return check_fault(c, "S9", LOG_SEALS, c->next - 1, "the checkpoint of its handover does not follow it");
    }
    return is[0]            ? section_begin(s, err)
           : is[1]          ? check_point(s, err)
           : is[4]          ? check_leaf(s, err)
           : is[2] || is[3] ? check_event(s, is[2], err)
                            : err_set(err, ERR_CORRUPT, "it is none of the lines of a stream");
}

static int check_lines(struct streaming *s, struct err *err) {
    bool ended = false;
    int rc = reading_ended(s->c.reading, &ended, err);
    if (rc == 0 && ended) {
        s->c.rule = "S2";
        return err_set(err, ERR_CORRUPT, "the file is empty");
    }
    while (rc == 0 && !ended) {
        rc = check_line(s, err);
        if (rc == 0) rc = reading_ended(s->c.reading, &ended, err);
    }
    if (rc == 0) {
        section_end(s);
    }
    return rc;
}

/* ---- the report ---- */

static void say_sealed(struct streaming *s) {
    struct checking *c = &s->c;
    struct stream_report *r = s->report;
    char restored[96] = "";
    if (!s->has_point) {
        check_say(c, LOG_SEALS, LOG_ASPECT_UNCHECKED, "no checkpoint: nothing of it is sealed yet");
        check_say(c, LOG_ANCHORING, LOG_ASPECT_NOTE, "not anchored: nothing is sealed");
        c->report->verdict = c->report->verdict < LOG_NOT_ANCHORED ? LOG_NOT_ANCHORED : c->report->verdict;
        return;
    }
    if (c->n_restored > 0) {
        snprintf(restored, sizeof(restored), "; restored from a backup %llu time%s, last by event %llu",
                 (unsigned long long)c->n_restored, c->n_restored == 1 ? "" : "s", (unsigned long long)c->last_restored);
    }
    check_say(c, LOG_SEALS, c->n_restored > 0 ? LOG_ASPECT_NOTE : LOG_ASPECT_GOOD,
              "%llu checkpoint%s, the newest of size %llu, by log key '%.200s'; %zu epoch key%s%s",
              (unsigned long long)r->checkpoints, text_s(r->checkpoints), (unsigned long long)r->sealed, c->log.name,
              c->n_epochs, text_s(c->n_epochs), restored);
    snprintf(c->manifest.origin, sizeof(c->manifest.origin), "%.*s", (int)c->point.origin.n,
             (const char *)c->point.origin.p);
    memcpy(c->report->origin, c->manifest.origin, sizeof(c->report->origin));
    c->report->head.size = r->sealed;
    memcpy(c->report->head.root, c->point.root, EVENT_HASH);
    c->found->counts.head = c->report->head;
    c->manifest.from = s->first;
    c->manifest.to = r->sealed;
    check_trust(c);
    check_trust_end(c);
}

/* Consistent, and not all of it is proven. */
static void unproven(struct checking *c) {
    c->report->verdict = c->report->verdict < LOG_NOT_ANCHORED ? LOG_NOT_ANCHORED : c->report->verdict;
}

static void say_complete(struct streaming *s) {
    struct checking *c = &s->c;
    const struct export_counts *n = &c->found->counts;
    struct buf text = {.max = 500};
    uint64_t sealed = s->has_point ? s->report->sealed : s->first;
    bool waits = s->waiting.n > 0 && s->waiting.last >= sealed;
    uint64_t leaves = s->open_leaves + (waits ? s->waiting.leaves : 0);
    bool note = sealed < s->end || s->n_open > 0 || waits || s->n_held > 0;
    if (s->end == s->first) {
        buf_put_str(&text, "no event");
    } else {
        buf_printf(&text,
                   "events %llu to %llu, each in its place: %llu disclosed, %llu erased, %llu withheld, %llu not chosen",
                   (unsigned long long)s->first, (unsigned long long)s->end - 1, (unsigned long long)n->disclosed,
                   (unsigned long long)n->erased, (unsigned long long)s->n_held, (unsigned long long)s->n_leaves);
    }
    if (sealed < s->end) {
        buf_printf(&text, "; from event %llu on not yet sealed", (unsigned long long)sealed);
    }
    if (s->n_open > 0) {
        buf_printf(&text, "; what was asked for is not proven: event %llu is not in it",
                   (unsigned long long)s->open_exported);
    } else if (waits) {
        buf_printf(&text, "; what was asked for is not proven: event %llu is not sealed",
                   (unsigned long long)s->waiting.exported);
    }
    if (leaves > 0) {
        buf_printf(&text, ", so nothing shows that %llu event%s had to be left out", (unsigned long long)leaves,
                   text_s(leaves));
        unproven(c);
    }
    if (s->n_held > 0) {
        buf_printf(&text, "; that %llu had to be withheld is said by the file alone", (unsigned long long)s->n_held);
        unproven(c);
    }
    check_say(c, LOG_COMPLETENESS, note ? LOG_ASPECT_NOTE : LOG_ASPECT_GOOD, "%.*s", (int)text.n, (const char *)text.p);
    buf_done(&text);
}

static void say_erasures(struct streaming *s) {
    uint64_t open = 0, first = 0, sealed = s->has_point ? s->report->sealed : s->first;
    for (size_t i = s->n_erased; i > 0; i--) {
        const struct section_erased *e = &s->erased[i - 1];
        bool is_open = e->by == LOG_NO_SEQ || (e->seq < sealed && e->by >= sealed); /* anybody can write the end */
        open += is_open;
        first = is_open ? e->seq : first;
    }
    if (s->n_erased == 0) {
        check_say(&s->c, LOG_ERASURES, LOG_ASPECT_GOOD, "none");
    } else if (open == 0) {
        check_say(&s->c, LOG_ERASURES, LOG_ASPECT_NOTE, "%zu %s erased, each by a ledger.erased event of the stream",
                  s->n_erased, s->n_erased == 1 ? "body was" : "bodies were");
    } else {
        check_say(&s->c, LOG_ERASURES, LOG_ASPECT_NOTE,
                  "%zu %s said to be erased; no sealed event of the stream says so of %llu, the first is %llu: they were "
                  "taken out, or the event comes later",
                  s->n_erased, s->n_erased == 1 ? "body is" : "bodies are", (unsigned long long)open,
                  (unsigned long long)first);
        unproven(&s->c);
    }
}

static void say_all(struct streaming *s) {
    struct checking *c = &s->c;
    struct stream_report *r = s->report;
    const struct export_counts *n = &c->found->counts;
    check_say(c, LOG_CONTAINER, LOG_ASPECT_GOOD, "%llu line%s in %llu section%s, %s%s", (unsigned long long)r->lines,
              text_s(r->lines), (unsigned long long)r->sections, text_s(r->sections),
              reading_is_compressed(c->reading) ? "compressed" : "plain",
              s->n_ended > 1 ? "; a section that repeats events ends early" : "");
    check_say(c, LOG_INTEGRITY, LOG_ASPECT_GOOD,
              "%llu header%s in a chain and %llu leaves in the tree of %llu events, %llu payload%s, %llu private field%s",
              (unsigned long long)n->headers, text_s(n->headers), (unsigned long long)(s->end - s->first),
              (unsigned long long)s->end, (unsigned long long)n->disclosed, text_s(n->disclosed),
              (unsigned long long)n->private_, text_s(n->private_));
    say_sealed(s);
    say_complete(s);
    check_authors_end(c);
    say_erasures(s);
    check_gaps_end(c);
}

/* ---- the whole ---- */

struct sizes {
    struct checking *c;
    int rc;
};

static void want_size(void *ctx, uint64_t size) {
    struct sizes *w = ctx;
    struct checking *c = w->c;
    for (size_t i = 0; i < c->n_seen; i++) {
        if (c->seen[i].size == size) return;
    }
    struct check_seen *more = w->rc == 0 ? realloc(c->seen, (c->n_seen + 1) * sizeof(*c->seen)) : NULL;
    if (more == NULL) {
        w->rc = ERR_NOMEM;
        return;
    }
    c->seen = more;
    c->seen[c->n_seen++] = (struct check_seen){.size = size};
}

static int start(struct streaming *s, int fd, const struct reading_options *reading, struct err *err) {
    struct checking *c = &s->c;
    struct sizes sizes = {.c = c};
    c->is_stream = true;
    buf_init(&s->text, NOTE_MAX);
    buf_init(&c->manifest.own, STREAM_CLAIM_MAX);
    buf_room(&c->manifest.own, STREAM_CLAIM_MAX);
    s->leaf = malloc(SECTION_LEAVES * sizeof(s->leaf[0]));
    int rc = s->leaf == NULL ? err_set(err, ERR_NOMEM, "out of memory") : buf_check(&c->manifest.own, "the claim", err);
    if (rc == 0) rc = check_init(c, REPORT_OF_STREAM, err);
    if (rc == 0) rc = reading_new_lines(fd, reading, &c->reading, err);
    if (rc == 0) {
        scan_init(&c->scan, c->reading);
        check_trust_sizes(c, want_size, &sizes);
        rc = sizes.rc == 0 ? 0 : err_set(err, ERR_NOMEM, "out of memory");
    }
    return rc;
}

/* Whether the file ends before the line does. */
static bool is_cut(struct reading *reading) {
    struct bytes piece = {0};
    do {
        reading_skip(reading, piece.n);
        if (reading_peek(reading, READING_PEEK_MAX, &piece, NULL) != 0 || bytes_find(piece, '\n') != NULL) return false;
    } while (piece.n > 0);
    return true;
}

static void parse_fault(struct streaming *s, const struct err *why) {
    struct checking *c = &s->c;
    const char *container = reading_rule(c->reading), *reason = why->msg;
    char prefix[48];
    if (container == NULL && (s->begun || s->begins) && is_cut(c->reading)) {
        check_fault(c, "S1", LOG_CONTAINER, s->begun ? c->next : LOG_NO_SEQ, "the file ends within this line");
        return;
    }
    section_line(c);
    snprintf(prefix, sizeof(prefix), "%s: ", s->place);
    reason += strncmp(reason, prefix, strlen(prefix)) == 0 ? strlen(prefix) : 0; /* the place has it */
    check_fault(c, container != NULL ? container : c->rule, LOG_CONTAINER, s->begun ? c->next : LOG_NO_SEQ, "%s", reason);
}

static void finish(struct streaming *s) {
    struct stream_report *r = s->report;
    r->report.counts.from = s->first;
    r->report.counts.to = s->end;
    if (!s->has_point) {
        r->sealed = s->first;
    }
}

int stream_verify(int fd, const struct export_verify_options *options, struct stream_report *ret, struct err *err) {
    struct reading_options reading = {options->stop, options->progress, options->progress_ctx};
    struct export_verify_options own = *options;
    struct streaming *s = calloc(1, sizeof(*s));
    struct stream_report *report = calloc(1, sizeof(*report));
    struct err why = {0};
    own.question = NULL;
    int rc = s == NULL || report == NULL ? err_set(&why, ERR_NOMEM, "out of memory") : 0;
    if (rc == 0) {
        s->report = report;
        s->c.options = &own;
        s->c.found = &report->report;
        s->c.report = &report->report.log;
        rc = start(s, fd, &reading, &why);
        if (rc == 0) rc = check_lines(s, &why);
    }
    bool judged = rc == 0 || (s != NULL && s->c.reading != NULL && !s->c.ended_by_caller && !err_is_system(rc));
    if (rc == 0) {
        s->c.about = NULL;
        say_all(s);
    } else if (judged && report->report.log.n_findings == 0) {
        parse_fault(s, &why);
    }
    if (judged) {
        finish(s);
        *ret = *report;
    } else if (err != NULL) {
        *err = why;
    }
    if (s != NULL) {
        check_done(&s->c);
        buf_done(&s->text);
        free(s->leaf);
        free(s->erased);
    }
    free(s);
    free(report);
    return judged ? 0 : rc;
}
