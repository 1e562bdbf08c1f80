/* Lines about events. A line is read piece by piece: the payload, then private fields one by one, each hashed at once;
 * so a line may be large, and only a payload and the fields' content are kept. */
#include <string.h>

#include "base/hash.h"
#include "base/mp.h"
#include "base/text.h"
#include "export/verify/checking.h"
#include "ledger/signing/epoch.h"

#define FIELDS_MAX (EVENT_PRIVATE_MAX / 4) /* names differ, so few fields have fewer than five bytes */

/* ---- private fields ---- */

static bool may_disclose(const struct checking *c, struct bytes name) {
    for (size_t i = 0; i < c->manifest.n_private; i++) {
        if (bytes_eq(name, c->manifest.private_[i])) return true;
    }
    return false;
}

/* Adds the field in c->field to the map's pairs; *last is the previous name there. */
static int keep_field(struct checking *c, struct bytes *last, bool first, struct err *err) {
    struct bytes field = bytes_of_buf(&c->field), name;
    struct mp_reader r;
    struct mp_item item;
    mp_reader_init(&r, field);
    if (mp_check(field, NULL) != 0 || mp_next(&r, &item, NULL) != 0 || item.type != MP_ARRAY || item.count != 2 ||
        mp_next(&r, &item, NULL) != 0 || item.type != MP_STR) {
        c->rule = "F4";
        return err_set(err, ERR_CORRUPT, "line %llu: a private field is not a canonical pair of name and value",
                       (unsigned long long)c->scan.line);
    }
    name = item.data;
    if (!first && bytes_cmp(*last, name) >= 0) {
        c->rule = "F4";
        return err_set(err, ERR_CORRUPT, "line %llu: private fields are not in order", (unsigned long long)c->scan.line);
    }
    if (!may_disclose(c, name)) {
        c->rule = "B21";
        return err_set(err, ERR_CORRUPT, "line %llu: a private field is disclosed that the manifest does not name",
                       (unsigned long long)c->scan.line);
    }
    size_t at = c->pairs.n + (size_t)(name.p - field.p) - 1;
    buf_put(&c->pairs, field.p + 1, field.n - 1);
    if (c->pairs.fail == ERR_LIMIT) {
        c->rule = "F4";
        return err_set(err, ERR_CORRUPT, "line %llu: more private fields than an event has",
                       (unsigned long long)c->scan.line);
    }
    int rc = buf_check(&c->pairs, "private fields", err);
    if (rc == 0) {
        *last = (struct bytes){c->pairs.p + at, name.n};
    }
    return rc;
}

static int take_field(struct checking *c, struct check_said *said, struct bytes *last, struct err *err) {
    struct scan *s = &c->scan;
    uint8_t salt[EVENT_HASH], digest[EVENT_HASH];
    bool open = false;
    int rc = scan_sees(s, "{\"field\":\"", &open, err);
    if (rc == 0 && !open) {
        rc = scan_literal(s, "{\"digest\":\"", err);
        if (rc == 0) rc = scan_hash(s, digest, err);
    } else if (rc == 0) {
        rc = scan_literal(s, "{\"field\":\"", err);
        if (rc == 0) rc = scan_base64(s, &c->field, EVENT_PRIVATE_MAX + 1, err);
        if (rc == 0) rc = scan_literal(s, ",\"salt\":\"", err);
        if (rc == 0) rc = scan_hash(s, salt, err);
        if (rc == 0) rc = keep_field(c, last, said->n_private == 0, err);
        said->n_private++;
        if (rc == 0) {
            event_field_digest(digest, salt, bytes_of_buf(&c->field));
        }
    }
    if (rc == 0) rc = scan_literal(s, "}", err);
    if (rc == 0) {
        hash_put(c->digests, digest, sizeof(digest));
    }
    return rc;
}

/* The names that the last field is compared with would move if the pairs grew, so the room for all of them is made at
 * once. */
static int make_room(struct checking *c, struct err *err) {
    buf_clear(&c->pairs);
    if (c->pairs.cap < EVENT_PRIVATE_MAX && buf_room(&c->pairs, EVENT_PRIVATE_MAX) == NULL) {
        return err_set(err, ERR_NOMEM, "out of memory");
    }
    return 0;
}

static int take_private(struct checking *c, struct check_said *said, struct err *err) {
    static const uint8_t tag = 4;
    struct bytes last = {0};
    bool more = true;
    int rc = scan_literal(&c->scan, "\"private\":[", err);
    if (rc == 0) rc = make_room(c, err);
    hash_end(c->digests, said->private_); /* resets it */
    hash_put(c->digests, &tag, 1);
    for (size_t n = 0; rc == 0 && more; n++) {
        if (n == FIELDS_MAX) {
            c->rule = "F4";
            return err_set(err, ERR_CORRUPT, "line %llu: more private fields than an event has",
                           (unsigned long long)c->scan.line);
        }
        rc = take_field(c, said, &last, err);
        if (rc == 0) rc = scan_sees(&c->scan, ",", &more, err);
        if (rc == 0 && more) rc = scan_literal(&c->scan, ",", err);
    }
    hash_end(c->digests, said->private_);
    said->has_private = true;
    buf_clear(&c->private_);
    mp_put_map(&c->private_, (uint32_t)said->n_private);
    buf_put_bytes(&c->private_, bytes_of_buf(&c->pairs));
    if (rc == 0 && c->private_.n > EVENT_PRIVATE_MAX) { /* including the map's head */
        c->rule = "F4";
        return err_set(err, ERR_CORRUPT, "line %llu: more private fields than an event has",
                       (unsigned long long)c->scan.line);
    }
    if (rc == 0) rc = buf_check(&c->private_, "private fields", err);
    if (rc == 0) rc = scan_literal(&c->scan, "],", err);
    return rc;
}

/* ---- lines ---- */

int check_take_disclosed(struct checking *c, struct check_said *said, struct err *err) {
    struct scan *s = &c->scan;
    bool private_ = false;
    said->what = EXPORT_DISCLOSED;
    int rc = scan_literal(s, "\"payload\":\"", err);
    if (rc == 0) rc = scan_base64(s, &c->payload, EVENT_PAYLOAD_MAX, err);
    if (rc == 0) rc = scan_literal(s, ",", err);
    if (rc == 0) rc = scan_sees(s, "\"private\"", &private_, err);
    if (rc == 0 && private_) rc = take_private(c, said, err);
    if (rc == 0) rc = scan_literal(s, "\"salt\":\"", err);
    if (rc == 0) rc = scan_hash(s, said->salt, err);
    if (rc == 0) rc = scan_literal(s, ",", err);
    return rc;
}

static int take_seq(struct scan *s, uint64_t *ret, struct err *err) {
    int rc = scan_literal(s, "\"seq\":", err);
    if (rc == 0) rc = scan_uint(s, ret, err);
    return rc;
}

int check_take_line(struct checking *c, struct check_said *ret, struct err *err) {
    struct scan *s = &c->scan;
    c->rule = "B10";
    bool erased = false, plain = false;
    *ret = (struct check_said){.what = EXPORT_WITHHELD};
    int rc = scan_literal(s, "{", err);
    if (rc == 0) rc = scan_sees(s, "\"erased\"", &erased, err);
    if (rc == 0) rc = scan_sees(s, "\"seq\"", &plain, err);
    if (rc == 0 && erased) {
        ret->what = EXPORT_ERASED;
        rc = scan_literal(s, "\"erased\":", err);
        if (rc == 0) rc = scan_uint(s, &ret->by, err);
        if (rc == 0) rc = scan_literal(s, ",", err);
    } else if (rc == 0 && !plain) {
        rc = check_take_disclosed(c, ret, err);
    }
    if (rc == 0) rc = take_seq(s, &ret->seq, err);
    if (rc == 0 && plain) rc = scan_literal(s, ",\"withheld\":true", err);
    if (rc == 0) rc = scan_line_end(s, err);
    return rc;
}

/* ---- what it says about the event ---- */

int check_disclosed(struct checking *c, const struct check_slot *slot, const struct check_said *said, struct err *err) {
    const struct event_header *h = &slot->h;
    struct log_event event = {.payload = bytes_of_buf(&c->payload)};
    struct event_author author = {0};
    uint8_t commit[EVENT_HASH];
    event_body_commit(commit, said->salt, event.payload);
    if (memcmp(commit, h->body, EVENT_HASH) != 0) {
        return check_fault(c, "F3", LOG_INTEGRITY, h->seq, "its payload is not what its header commits to");
    }
    if (said->has_private != (h->private_ != NULL)) {
        return check_fault(c, "F4", LOG_INTEGRITY, h->seq, "its line has %s, its header says that there are %s",
                           said->has_private ? "private fields" : "no private fields", said->has_private ? "none" : "some");
    }
    if (h->private_ != NULL && memcmp(said->private_, h->private_, EVENT_HASH) != 0) {
        return check_fault(c, "F4", LOG_INTEGRITY, h->seq, "its private fields are not what its header commits to");
    }
    c->rule = "F2";
    int rc = check_payload(event.payload, &event.body, &author, err);
    if (rc != 0) return err_prefix(err, "event %llu", (unsigned long long)h->seq);
    c->found->counts.disclosed++;
    c->found->counts.private_ += said->n_private;
    check_erased_fields(c, h->seq);
    event.author = author.name;
    memcpy(event.salt, said->salt, EVENT_HASH);
    rc = author.name.n == 0 || c->again ? 0 : check_author(c, slot, &author, event.body, err);
    if (rc == 0)
        rc = check_give(c, slot, EXPORT_DISCLOSED, &event,
                        said->n_private > 0 ? bytes_of_buf(&c->private_) : (struct bytes){0}, err);
    return rc;
}

int check_content(struct checking *c, const struct check_slot *slot, const struct check_said *said, struct err *err) {
    struct log_event event = {0};
    enum export_bodies bodies = c->manifest.bodies;
    if (!slot->matches && bodies != EXPORT_BODIES_ALL) {
        return check_fault(c, "B19", LOG_COMPLETENESS, slot->h.seq, "it has a line but does not match the filter");
    }
    switch (said->what) {
    case EXPORT_DISCLOSED:
        if (bodies == EXPORT_BODIES_NONE) {
            return check_fault(c, "B20", LOG_INTEGRITY, slot->h.seq,
                               "it is disclosed, although the manifest says that no body is");
        }
        return check_disclosed(c, slot, said, err);
    case EXPORT_ERASED:
        if (epoch_is_kept(slot->h.kind)) {
            return check_fault(c, "F27", LOG_ERASURES, slot->h.seq, "its body is said to be erased, which is not possible");
        }
        if (!check_is_erased(c, slot->h.seq, said->by)) {
            return check_fault(c, "B22", LOG_ERASURES, slot->h.seq, "no proven event %llu says that its body was erased",
                               (unsigned long long)said->by);
        }
        c->found->counts.erased++;
        break;
    default:
        c->found->counts.withheld++;
        break;
    }
    return check_give(c, slot, said->what, &event, (struct bytes){0}, err);
}

/* ---- sparse bundles ---- */

/* Reads a line, with the header in slot[0]. *ret_bare: it says nothing about the content. */
static int take_sparse(struct checking *c, struct check_said *ret, struct merkle_proof *inclusion, bool *ret_bare,
                       struct err *err) {
    struct scan *s = &c->scan;
    bool erased = false;
    c->rule = "B10";
    *ret = (struct check_said){.what = EXPORT_WITHHELD};
    int rc = scan_literal(s, "{", err);
    if (rc == 0) rc = scan_sees(s, "\"erased\"", &erased, err);
    if (rc == 0 && erased) {
        ret->what = EXPORT_ERASED;
        rc = scan_literal(s, "\"erased\":", err);
        if (rc == 0) rc = scan_uint(s, &ret->by, err);
        if (rc == 0) rc = scan_literal(s, ",", err);
    }
    if (rc == 0) rc = scan_literal(s, "\"header\":\"", err);
    if (rc == 0) rc = scan_base64(s, &c->header, EVENT_HEADER_MAX, err);
    if (rc == 0) rc = scan_literal(s, ",\"inclusion\":", err);
    if (rc == 0) rc = scan_hashes(s, inclusion, err);
    if (rc == 0) rc = scan_literal(s, ",", err);
    if (rc == 0) rc = scan_sees(s, "\"seq\"", ret_bare, err);
    *ret_bare = rc == 0 && *ret_bare;
    if (rc == 0 && !*ret_bare && !erased) rc = check_take_disclosed(c, ret, err);
    if (rc == 0) rc = take_seq(s, &ret->seq, err);
    *ret_bare = *ret_bare && !erased;
    if (rc == 0) rc = scan_line_end(s, err);
    return rc;
}

static int check_chosen(struct checking *c, uint64_t group, struct err *err) {
    struct check_slot *slot = &c->slot[0];
    struct merkle_proof inclusion;
    struct check_said said;
    struct log_event event = {0};
    bool bare = false;
    int rc = take_sparse(c, &said, &inclusion, &bare, err);
    if (rc != 0) return rc;
    if (said.seq / EVENT_GROUP != group || said.seq < c->next || said.seq >= c->manifest.to) {
        return check_fault(c, "B17", LOG_INTEGRITY, said.seq, "it is out of order or of another group");
    }
    c->has_prev = c->has_prev && said.seq == c->next;
    c->next = said.seq;
    slot->bytes = bytes_of_buf(&c->header);
    rc = check_header(c, slot, err);
    if (rc == 0 && !merkle_check_inclusion(said.seq, c->point.size, slot->leaf, &inclusion, c->point.root)) {
        rc = check_fault(c, "F7", LOG_INTEGRITY, said.seq, "it is not in the tree of the head");
    }
    if (rc == 0) rc = check_count(c, slot);
    c->next++;
    if (rc == 0 && bare && !slot->matches && c->manifest.bodies != EXPORT_BODIES_ALL) {
        return check_give(c, slot, EXPORT_LEFT_OUT, &event, (struct bytes){0}, err);
    }
    if (rc == 0) rc = check_content(c, slot, &said, err);
    return rc;
}

/* The group of the current member; LOG_NO_SEQ: it is not one of lines. */
static uint64_t group_of(const struct checking *c) {
    struct bytes name = bytes_of(reading_name(c->reading));
    size_t front = strlen(BUNDLE_SPARSE), back = strlen(".jsonl");
    uint64_t group;
    if (!bytes_has_prefix(name, BUNDLE_SPARSE) || name.n < front + back ||
        memcmp(name.p + name.n - back, ".jsonl", back) != 0 ||
        text_parse_u64((struct bytes){name.p + front, name.n - front - back}, &group) != 0) {
        return LOG_NO_SEQ;
    }
    return group;
}

int check_sparse(struct checking *c, struct err *err) {
    const struct manifest *m = &c->manifest;
    uint64_t first = LOG_NO_SEQ, last = LOG_NO_SEQ;
    int rc = 0;
    c->next = m->from;
    while (rc == 0 && m->to > 0 && c->next < m->to) {
        uint64_t group = group_of(c);
        if (last != LOG_NO_SEQ && group <= last) {
            c->rule = "B3";
            return err_set(err, ERR_CORRUPT, "it appears twice, or after a later group");
        }
        last = group;
        rc = check_expect(c, reading_name(c->reading), BUNDLE_LINES_MAX, err);
        if (rc == 0 && group == LOG_NO_SEQ) {
            rc = err_set(err, ERR_CORRUPT, "found where the lines of a group should be, up to event %llu",
                         (unsigned long long)m->to - 1);
        }
        scan_member(&c->scan);
        do {
            if (rc == 0) rc = check_chosen(c, group, err);
            first = rc == 0 && first == LOG_NO_SEQ ? c->next - 1 : first;
        } while (rc == 0 && reading_left(c->reading) > 0);
        if (rc == 0) rc = check_advance(c, err);
    }
    if (rc == 0 && m->to > 0 && (first != m->from)) {
        rc = check_fault(c, "B17", LOG_INTEGRITY, LOG_NO_SEQ, "the chosen events do not begin with the range");
    }
    return rc;
}
