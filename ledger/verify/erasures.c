/* Erasures: missing content must have been erased by a ledger.erased event, and content that such an event names must be
 * gone. The events pass notes both as it reads; they are compared at the end, since an erasure follows what it erases. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/mp.h"
#include "ledger/erase/erase.h"
#include "ledger/event/erased.h"
#include "ledger/event/private.h"
#include "ledger/verify/verify.h"
#include "ledger/write/artifact.h"

#define NAMED_MAX 8 /* events listed in the report */

int verify_absent(struct verify *v, uint64_t seq, bool body, struct err *err) {
    struct verify_erasures *e = &v->erasures;
    int rc = array_room(&e->absent, e->n_absent + 1, &e->cap_absent, sizeof(*e->absent), err);
    if (rc == 0) {
        e->absent[e->n_absent++] = (struct verify_absent){.seq = seq, .body = body};
    }
    return rc;
}

/* ---- what an event says ---- */

static int add_claim(struct verify *v, const struct verify_claim *claim, struct err *err) {
    struct verify_erasures *e = &v->erasures;
    int rc = array_room(&e->claim, e->n_claims + 1, &e->cap_claims, sizeof(*e->claim), err);
    if (rc == 0) {
        e->claim[e->n_claims++] = *claim;
    }
    return rc;
}

static int bad_claim(struct verify *v, uint64_t by, const char *why) {
    verify_refuse(v, "F26", LOG_ERASURES, by, VERIFY_PLACE(v, by), "%s", why);
    return 0;
}

static int claim_artifact(struct verify *v, struct verify_claim *claim, struct bytes body, struct err *err) {
    if (!verify_digest_get(body, "digest", claim->digest)) {
        return bad_claim(v, claim->by, "it does not say which artifact was erased");
    }
    return add_claim(v, claim, err);
}

struct claiming {
    struct verify *v;
    struct verify_claim *claim;
};

static int claim_seq(void *ctx, uint64_t seq, struct err *err) {
    const struct claiming *c = ctx;
    c->claim->seq = seq;
    return add_claim(c->v, c->claim, err);
}

static int claim_events(struct verify *v, struct verify_claim *claim, struct bytes body, struct err *err) {
    struct claiming ctx = {v, claim};
    struct err why = {0};
    int rc = erased_events(body, claim->by, claim_seq, &ctx, &why);
    if (rc == ERR_CORRUPT) return bad_claim(v, claim->by, why.msg);
    return rc == 0 ? 0 : err_set(err, rc, "%s", why.msg);
}

int verify_claim(struct verify *v, const struct event_header *h, struct bytes body, struct err *err) {
    struct verify_claim claim = {.by = h->seq, .seq = LOG_NO_SEQ};
    struct verify_erasures *e = &v->erasures;
    struct bytes raw;
    struct err why = {0};
    if (erased_what(body, &claim.what, &why) != 0) return bad_claim(v, h->seq, why.msg);
    if (claim.what == LOG_ERASE_ARTIFACT) return claim_artifact(v, &claim, body, err);
    if (claim.what == LOG_ERASE_PRIVATE && mp_map_get(body, "fields", &raw) == 0) {
        claim.at = e->names.n;
        claim.n = raw.n;
        if (buf_put_bytes(&e->names, raw) != 0) return buf_check(&e->names, "erasures", err);
    }
    return claim_events(v, &claim, body, err);
}

/* ---- the comparison ---- */

static int compare_claims(const void *a, const void *b) {
    const struct verify_claim *x = a, *y = b;
    if (x->what != y->what) return x->what < y->what ? -1 : 1;
    if (x->what == LOG_ERASE_ARTIFACT) {
        int order = memcmp(x->digest, y->digest, EVENT_HASH);
        return order != 0 ? order : x->by < y->by ? -1 : x->by > y->by;
    }
    return x->seq != y->seq ? (x->seq < y->seq ? -1 : 1) : x->by < y->by ? -1 : x->by > y->by;
}

/* The first claim of this kind about this event. */
static size_t find_claim(const struct verify_erasures *e, enum log_erase_what what, uint64_t seq) {
    size_t from = 0, to = e->n_claims;
    while (from < to) {
        size_t at = from + (to - from) / 2;
        const struct verify_claim *c = &e->claim[at];
        bool before = c->what != what ? c->what < what : c->seq < seq;
        from = before ? at + 1 : from;
        to = before ? to : at;
    }
    return from < e->n_claims && e->claim[from].what == what && e->claim[from].seq == seq ? from : SIZE_MAX;
}

static void check_absent(struct verify *v) {
    for (size_t i = 0; i < v->erasures.n_absent; i++) {
        const struct verify_absent *a = &v->erasures.absent[i];
        enum log_erase_what what = a->body ? LOG_ERASE_BODY : LOG_ERASE_PRIVATE;
        if (find_claim(&v->erasures, what, a->seq) == SIZE_MAX) {
            verify_fault(v, LOG_ERASURES, a->seq, a->body ? VERIFY_PLACE(v, a->seq) : "private",
                         "%s missing, and no ledger.erased event says so",
                         a->body ? "its body is" : "private fields of it are");
        }
    }
}

/* Loads the event of a claim. False: it cannot be read, which is reported elsewhere. */
static bool load(struct verify *v, uint64_t seq, struct event_header *ret) {
    uint64_t index = seq / EVENT_GROUP;
    if (v->naming != index) {
        struct err why = {0};
        v->naming = LOG_NO_SEQ;
        int rc = core_group_load(v->txn, &v->view.head, index, v->mine->group, NULL, &why);
        if (rc != 0) {
            verify_hindered(v, rc, &why);
            return false;
        }
        v->naming = index;
    }
    return event_header_decode(v->mine->group->event[seq % EVENT_GROUP].header, ret, NULL) == 0;
}

static void check_body(struct verify *v, const struct verify_claim *c) {
    struct event_header h;
    if (load(v, c->seq, &h) && v->mine->group->event[c->seq % EVENT_GROUP].where != GROUP_ERASED) {
        verify_fault(v, LOG_ERASURES, c->by, VERIFY_PLACE(v, c->by),
                     "it says that the body of event %llu was erased, which is still there", (unsigned long long)c->seq);
    }
}

/* How many names a claim has, and whether one of them is still present. */
static size_t count_names(const struct verify *v, const struct verify_claim *c, struct bytes map, bool *ret_there) {
    struct mp_reader r, fields;
    struct mp_item name, item;
    mp_reader_init(&r, (struct bytes){v->erasures.names.p + c->at, c->n});
    size_t n = mp_next(&r, &item, NULL) == 0 && item.type == MP_ARRAY ? item.count : 0;
    for (size_t i = 0; i < n; i++) {
        if (mp_next(&r, &name, NULL) != 0 || name.type != MP_STR) return i;
        mp_reader_init(&fields, map);
        uint32_t left = mp_next(&fields, &item, NULL) == 0 ? item.count : 0;
        for (; left > 0 && mp_next(&fields, &item, NULL) == 0; left--) {
            *ret_there = *ret_there || bytes_eq(item.data, name.data);
            if (mp_skip(&fields, 1, NULL, NULL) != 0) break;
        }
    }
    return n;
}

/* Checks all claims about the private fields of one event together. */
static void check_private(struct verify *v, const struct verify_claim *c, size_t n) {
    struct event_header h;
    struct bytes record;
    struct private_view view;
    struct mp_reader r;
    struct mp_item map;
    struct err why = {0};
    bool all = false, there = false;
    size_t names = 0;
    if (!load(v, c->seq, &h)) return;
    if (h.private_ == NULL) {
        bad_claim(v, c->by, "it says that private fields were erased of an event that has none");
        return;
    }
    int rc = db_get_u64(v->txn, T_PRIVATE, c->seq, &record, &why);
    if (rc == 0) rc = private_open(record, h.private_, v->mine->private_, &view, &why);
    if (rc != 0) {
        verify_hindered(v, rc, &why); /* damage has been reported already */
        return;
    }
    for (size_t i = 0; i < n; i++) {
        all = all || c[i].n == 0;
        names += c[i].n == 0 ? 0 : count_names(v, &c[i], view.map, &there);
    }
    mp_reader_init(&r, view.map);
    bool open = mp_next(&r, &map, NULL) == 0 && map.count > 0;
    if (all ? open : there || names > view.n_erased) {
        verify_fault(v, LOG_ERASURES, c->by, VERIFY_PLACE(v, c->by),
                     "it says that private fields of event %llu were erased, which are still there",
                     (unsigned long long)c->seq);
    } else if (!all && names < view.n_erased) {
        verify_fault(v, LOG_ERASURES, c->seq, "private",
                     "%zu of its private fields are missing, but ledger.erased events name %zu", view.n_erased, names);
    }
}

static void check_artifact(struct verify *v, const struct verify_claim *c) {
    struct bytes record;
    struct err why = {0};
    int rc = db_get(v->txn, T_ARTIFACT, (struct bytes){c->digest, EVENT_HASH}, &record, &why);
    if (!verify_hindered(v, rc, &why) && (rc != 0 || record.n < 1 || record.p[0] != ARTIFACT_ERASED)) {
        bad_claim(v, c->by, "it says that an artifact was erased, but it was not");
    }
}

bool verify_artifact_claimed(const struct verify *v, struct bytes digest) {
    for (size_t i = v->erasures.n_claims; i > 0 && v->erasures.claim[i - 1].what == LOG_ERASE_ARTIFACT; i--) {
        if (memcmp(v->erasures.claim[i - 1].digest, digest.p, EVENT_HASH) == 0) return true;
    }
    return v->from > 0; /* an event that was not read may make the claim */
}

bool verify_erased_since(struct verify *v, struct bytes digest) {
    struct log_head head;
    struct err why = {0};
    bool erased = false;
    int rc = log_head(v->ledger, &head, &why);
    if (rc == 0 && head.size > v->erasures.seen) rc = artifact_is_erased(v->ledger, digest, &erased, &why);
    return verify_hindered(v, rc, &why) || erased;
}

/* Content erased during this verification is missing from what it read; the events that erased it follow its head.
 */
static int take_later(struct verify *v, struct err *err) {
    struct event_header h;
    struct event_author author;
    struct bytes body, payload;
    struct buf large = {.max = EVENT_PAYLOAD_MAX};
    struct err why = {0};
    int rc = 0;
    for (uint64_t seq = v->head.size; seq < v->view.head.size && rc == 0; seq++) {
        const struct group_event *e = &v->mine->group->event[seq % EVENT_GROUP];
        if (!load(v, seq, &h) || !bytes_is(h.kind, "ledger.erased")) continue;
        payload = e->payload;
        if (e->where == GROUP_EXTERNAL) {
            buf_clear(&large);
            int got = core_payload_get(v->view.txn, seq, &large, &why);
            verify_hindered(v, got, &why);
            payload = got == 0 ? bytes_of_buf(&large) : (struct bytes){NULL, 0};
        }
        if (event_payload_decode(payload, &body, &author, NULL) == 0) {
            rc = verify_claim(v, &h, body, err);
        }
    }
    buf_done(&large);
    return rc;
}

int verify_erasures(struct verify *v, struct err *err) {
    struct verify_erasures *e = &v->erasures;
    v->renewed = 0;
    int rc = verify_renew(v, err);
    v->naming = LOG_NO_SEQ;
    if (rc == 0) rc = take_later(v, err);
    e->seen = v->view.head.size;
    if (rc != 0) return rc;
    if (e->n_claims > 1) {
        qsort(e->claim, e->n_claims, sizeof(*e->claim), compare_claims);
    }
    check_absent(v);
    for (size_t i = 0, n; i < e->n_claims; i += n) {
        const struct verify_claim *c = &e->claim[i];
        for (n = 1; i + n < e->n_claims && c->what != LOG_ERASE_ARTIFACT && c[n].what == c->what && c[n].seq == c->seq;
             n++) {
        }
        e->n_of[c->what] += c->by < v->head.size ? 1 : 0;
        if (c->what == LOG_ERASE_BODY) {
            check_body(v, c);
        } else if (c->what == LOG_ERASE_PRIVATE) {
            check_private(v, c, n);
        } else {
            check_artifact(v, c);
        }
    }
    return 0;
}

/* ---- what the report says ---- */

static size_t put(char *out, size_t n, size_t max, const char *fmt, ...) __attribute__((format(printf, 4, 5)));

static size_t put(char *out, size_t n, size_t max, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    int more = n < max ? vsnprintf(out + n, max - n, fmt, ap) : 0;
    va_end(ap);
    return more < 0 ? n : n + (size_t)more;
}

static size_t put_seqs(const struct verify_erasures *e, uint64_t size, enum log_erase_what what, char *out, size_t n,
                       size_t max) {
    uint64_t last = LOG_NO_SEQ;
    size_t named = 0;
    for (size_t i = 0; i < e->n_claims; i++) {
        if (e->claim[i].what != what || e->claim[i].seq == last || e->claim[i].by >= size) continue;
        last = e->claim[i].seq;
        if (named++ == NAMED_MAX) return put(out, n, max, ", ...)");
        n = put(out, n, max, "%s%llu", named == 1 ? " (" : ", ", (unsigned long long)last);
    }
    return put(out, n, max, ")");
}

/* Adds where erased bytes may still be. */
static size_t put_left(const struct verify *v, char *out, size_t n, size_t max) {
    const char *finish = "'ledger erase --finish'", *sep = n > 0 ? "; " : "";
    uint64_t pid = 0;
    bool left = erase_left(v->ledger, &pid);
    if (left && pid != 0) {
        return put(out, n, max, "%sold files still hold what was erased, process %llu has them open: end it, then %s", sep,
                   (unsigned long long)pid, finish);
    }
    if (left) return put(out, n, max, "%sold files still hold what was erased: %s", sep, finish);
    return v->erasures.pending ? put(out, n, max, "%sold pages of the database still hold it: %s", sep, finish) : n;
}

bool verify_erasures_say(const struct verify *v, char *out, size_t max) {
    static const char *const one[] = {"the body of 1 event", "private fields of 1 event", "1 artifact"};
    static const char *const many[] = {"the bodies of %llu events", "private fields of %llu events", "%llu artifacts"};
    const struct verify_erasures *e = &v->erasures;
    size_t n = 0;
    for (int what = LOG_ERASE_BODY; what <= LOG_ERASE_ARTIFACT; what++) {
        if (e->n_of[what] == 0) continue;
        n = put(out, n, max, "%s", n > 0 ? "; " : "");
        if (e->n_of[what] == 1) {
            n = put(out, n, max, "%s", one[what]);
        } else {
            char text[64];
            const char *end = strstr(many[what], "%llu");
            snprintf(text, sizeof(text), "%.*s%llu%s", (int)(end - many[what]), many[what],
                     (unsigned long long)e->n_of[what], end + 4);
            n = put(out, n, max, "%s", text);
        }
        n = what == LOG_ERASE_ARTIFACT ? n : put_seqs(e, v->head.size, (enum log_erase_what)what, out, n, max);
    }
    if (n > 0) {
        n = put(out, n, max, ", each said by a ledger.erased event");
    }
    return put_left(v, out, n, max) > 0;
}

void verify_erasures_done(struct verify *v) {
    free(v->erasures.claim);
    free(v->erasures.absent);
    buf_done(&v->erasures.names);
}
