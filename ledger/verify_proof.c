/* A single event's proof, checked with nothing but what the caller gives: the leaf's bytes, the .tlog-proof, the payload.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/epoch.h"
#include "ledger/tlog_proof.h"
#include "ledger/trust.h"

struct proof_check {
    struct ledger_report *report;
    struct tlog_proof proof;
    struct checkpoint point;
    struct note *note;
    struct event_header header;
};

static void fault(struct proof_check *c, enum ledger_aspect aspect, const char *table, const char *reason) {
    struct ledger_report *report = c->report;
    report->verdict = LEDGER_INVALID;
    report->aspect[aspect].state = LEDGER_ASPECT_FAULT;
    snprintf(report->aspect[aspect].text, sizeof(report->aspect[0].text), "%s", reason);
    if (report->n_findings < LEDGER_FINDINGS_MAX) {
        struct ledger_finding *f = &report->findings[report->n_findings++];
        f->aspect = aspect;
        f->seq = c->proof.index;
        snprintf(f->table, sizeof(f->table), "%s", table);
        snprintf(f->reason, sizeof(f->reason), "%s", reason);
    }
}

static void say(struct proof_check *c, enum ledger_aspect aspect, enum ledger_aspect_state state, const char *text) {
    if (c->report->aspect[aspect].state != LEDGER_ASPECT_FAULT) {
        c->report->aspect[aspect].state = state;
        snprintf(c->report->aspect[aspect].text, sizeof(c->report->aspect[0].text), "%s", text);
    }
}

/* The first event's leaf is what names a ledger: one that is not among those the caller trusts is another ledger's. */
static void check_genesis(struct proof_check *c, const uint8_t leaf[EVENT_HASH], const struct ledger_trust *trust) {
    bool known = false;
    if (trust == NULL || c->proof.index != 0 || trust->n_genesis == 0) {
        return;
    }
    for (size_t i = 0; i < trust->n_genesis; i++) {
        known = known || memcmp(trust->genesis[i], leaf, EVENT_HASH) == 0;
    }
    if (!known) {
        c->report->verdict = LEDGER_CONTRADICTS;
        c->report->aspect[LEDGER_ANCHORING].state = LEDGER_ASPECT_FAULT;
        snprintf(c->report->aspect[LEDGER_ANCHORING].text, sizeof(c->report->aspect[0].text),
                 "this first event is none of the genesis leaves that were given: another ledger");
    }
}

static void check_leaf(struct proof_check *c, struct bytes leaf, const struct ledger_trust *trust) {
    uint8_t hash[EVENT_HASH];
    struct err why = {0};
    char text[512];
    event_leaf(hash, leaf);
    if (event_header_decode(leaf, &c->header, &why) != 0) {
        fault(c, LEDGER_INTEGRITY, "leaf", why.msg);
    } else if (c->header.seq != c->proof.index) {
        fault(c, LEDGER_INTEGRITY, "leaf", "the leaf's seq is not the proof's index");
    } else if (!merkle_check_inclusion(c->proof.index, c->point.size, hash, &c->proof.proof, c->point.root)) {
        fault(c, LEDGER_INTEGRITY, "proof", "the proof does not lead from the leaf to the checkpoint's root");
    } else {
        snprintf(text, sizeof(text), "event %llu (%.*s) is in the tree of %llu events", (unsigned long long)c->proof.index,
                 (int)c->header.kind.n, (const char *)c->header.kind.p, (unsigned long long)c->point.size);
        say(c, LEDGER_INTEGRITY, LEDGER_ASPECT_GOOD, text);
        check_genesis(c, hash, trust);
    }
}

/* ---- the author ---- */

struct author_check {
    const struct proof_check *c;
    const struct event_author *author;
    const struct note_vkey *key;
    struct bytes body;
    bool asked, good; /* some leaf could be tried; it verified */
};

static void try_genesis(struct author_check *a, const uint8_t genesis[EVENT_HASH]) {
    const struct bytes origins[] = {a->c->point.origin, epoch_first_origin(a->c->point.origin)};
    a->asked = true;
    for (size_t i = 0; i < 2 && !a->good; i++) {
        struct buf message;
        buf_init(&message, EVENT_BODY_MAX + 2 * EVENT_HEADER_MAX);
        event_author_message(&message, genesis, origins[i], &a->c->header, a->body);
        a->good = message.fail == 0 && crypt_verify(a->author->sig, bytes_of_buf(&message), a->key->public_key);
        buf_done(&message);
    }
}

/* The author's message names the ledger's first leaf, which the proof does not carry: leaves that the caller trusts are
 * tried. It also names the origin of its time, which a restore may have changed since. */
static void check_author(struct proof_check *c, const struct event_author *author, struct bytes body,
                         const struct ledger_trust *trust) {
    struct bytes origin = c->point.origin, first = epoch_first_origin(origin);
    struct author_check a = {.c = c, .author = author, .body = body};
    a.key = trust_author_find(trust, author->name, author->id);
    for (size_t i = 0; a.key != NULL && i < trust->n_genesis; i++) {
        try_genesis(&a, trust->genesis[i]);
    }
    for (size_t i = 0; a.key != NULL && i < policy_genesis_count(trust->policy); i++) {
        const struct policy_genesis *known = policy_genesis_at(trust->policy, i);
        if (bytes_is(origin, known->origin) || bytes_is(first, known->origin)) {
            try_genesis(&a, known->leaf);
        }
    }
    if (a.good) {
        say(c, LEDGER_AUTHORS, LEDGER_ASPECT_GOOD, "signed by an author you named");
    } else if (!a.asked) {
        say(c, LEDGER_AUTHORS, LEDGER_ASPECT_NOTE,
            a.key == NULL ? "signed by an author whom you did not name (not checked)"
                          : "signed by an author you named; give the ledger's genesis leaf to check it");
    } else if (first.n < origin.n) {
        say(c, LEDGER_AUTHORS, LEDGER_ASPECT_NOTE,
            "not confirmed: the ledger was restored, and the author's signature is of no origin that is known here");
    } else {
        fault(c, LEDGER_AUTHORS, "payload", "the author's signature is bad");
    }
}

/* ---- payload, seal, what is known ---- */

/* salt || payload against the header's commitment, and the author's signature when the caller knows the key. */
static void check_payload(struct proof_check *c, struct bytes payload, const struct ledger_trust *trust) {
    uint8_t commit[EVENT_HASH];
    struct bytes body;
    struct event_author author = {0};
    struct err why = {0};
    say(c, LEDGER_AUTHORS, LEDGER_ASPECT_UNCHECKED,
        payload.p == NULL ? "not checked: no payload was given" : "not checked: the event does not verify");
    if (payload.p == NULL || c->report->aspect[LEDGER_INTEGRITY].state == LEDGER_ASPECT_FAULT) {
        return;
    }
    if (payload.n <= EVENT_HASH) {
        fault(c, LEDGER_INTEGRITY, "payload", "the payload file is shorter than its salt");
        return;
    }
    struct bytes content = {payload.p + EVENT_HASH, payload.n - EVENT_HASH};
    event_body_commit(commit, payload.p, content);
    if (memcmp(commit, c->header.body, EVENT_HASH) != 0) {
        fault(c, LEDGER_INTEGRITY, "payload", "the payload is not the one that the leaf commits to");
        return;
    }
    if (event_payload_decode(content, &body, &author, &why) != 0) {
        fault(c, LEDGER_INTEGRITY, "payload", why.msg);
        return;
    }
    if (author.name.n == 0) {
        say(c, LEDGER_AUTHORS, LEDGER_ASPECT_GOOD, "the event is not signed by an author");
        return;
    }
    check_author(c, &author, body, trust);
}

static void check_seal(struct proof_check *c, const struct ledger_trust *trust, bool known) {
    struct policy_verdict verdict = {0};
    char text[512];
    if (trust != NULL) {
        policy_judge(trust->policy, c->note, &verdict);
    }
    if (verdict.bad) {
        fault(c, LEDGER_SEALS, "checkpoint", "a signature of a trusted key on the checkpoint is bad");
    }
    if (verdict.log_known) {
        snprintf(text, sizeof(text), "signed by the trusted log key '%.200s'", verdict.log.name);
        say(c, LEDGER_SEALS, LEDGER_ASPECT_GOOD, text);
    } else {
        say(c, LEDGER_SEALS, LEDGER_ASPECT_NOTE, "no trusted key signed the checkpoint");
    }
    if (verdict.log_known && verdict.quorum) {
        say(c, LEDGER_ANCHORING, LEDGER_ASPECT_GOOD, "by the log key");
    } else if (known && !verdict.log_known) {
        say(c, LEDGER_ANCHORING, LEDGER_ASPECT_GOOD, "by its checkpoint, which is known from before");
    } else {
        say(c, LEDGER_ANCHORING, LEDGER_ASPECT_NOTE,
            verdict.log_known ? "not anchored: the policy's quorum of witnesses is not met"
                              : "not anchored: signed by nobody you named");
        if (c->report->verdict < LEDGER_NOT_ANCHORED) {
            c->report->verdict = LEDGER_NOT_ANCHORED;
        }
    }
}

/* A head or checkpoint known from before that is of the same origin and size must have the same root. Whether there is one.
 */
static bool check_known(struct proof_check *c, const struct ledger_trust *trust) {
    bool same = false, other = false;
    const struct policy_head *head = trust == NULL ? NULL : policy_head_find(trust->policy, c->point.origin);
    if (head != NULL && head->size == c->point.size) {
        same = memcmp(head->root, c->point.root, EVENT_HASH) == 0;
        other = !same;
    }
    for (size_t i = 0; trust != NULL && i < trust->n_checkpoints; i++) {
        const struct checkpoint *p = &trust->checkpoint[i]->point;
        if (bytes_eq(p->origin, c->point.origin) && p->size == c->point.size) {
            bool agrees = memcmp(p->root, c->point.root, EVENT_HASH) == 0;
            same = same || agrees;
            other = other || !agrees;
        }
    }
    if (other) {
        c->report->aspect[LEDGER_COMPLETENESS].state = LEDGER_ASPECT_FAULT;
        snprintf(c->report->aspect[LEDGER_COMPLETENESS].text, sizeof(c->report->aspect[0].text),
                 "a checkpoint of this origin and size with another root is known: a second history");
        c->report->verdict = c->report->verdict < LEDGER_CONTRADICTS ? LEDGER_CONTRADICTS : c->report->verdict;
    } else {
        say(c, LEDGER_COMPLETENESS, LEDGER_ASPECT_NOTE,
            same ? "one event; its checkpoint is known from before" : "one event; the rest of the ledger is not examined");
    }
    return same && !other;
}

int ledger_verify_proof(struct bytes proof, struct bytes leaf, struct bytes payload, const struct ledger_trust *trust,
                        struct ledger_report *ret, struct err *err) {
    struct proof_check c = {0};
    int rc = crypt_init(err);
    if (rc != 0) {
        return rc;
    }
    c.report = calloc(1, sizeof(*c.report));
    c.note = malloc(sizeof(*c.note));
    if (c.report == NULL || c.note == NULL) {
        rc = err_set(err, ERR_NOMEM, "out of memory");
        goto out;
    }
    rc = tlog_proof_decode(proof, &c.proof, err);
    rc = rc != 0 ? rc : note_decode(c.proof.checkpoint, c.note, err);
    rc = rc != 0 ? rc : checkpoint_decode(c.note->text, &c.point, err);
    if (rc == 0) {
        check_leaf(&c, leaf, trust);
        check_payload(&c, payload, trust);
        check_seal(&c, trust, check_known(&c, trust));
        say(&c, LEDGER_ERASURES, LEDGER_ASPECT_UNCHECKED, "not examined");
        say(&c, LEDGER_GAPS, LEDGER_ASPECT_UNCHECKED, "not examined");
        say(&c, LEDGER_DERIVED, LEDGER_ASPECT_UNCHECKED, "not checked");
        size_t n = c.point.origin.n < sizeof(c.report->origin) - 1 ? c.point.origin.n : sizeof(c.report->origin) - 1;
        memcpy(c.report->origin, c.point.origin.p, n);
        c.report->head.size = c.point.size;
        memcpy(c.report->head.root, c.point.root, EVENT_HASH);
        *ret = *c.report;
    }
out:
    free(c.report);
    free(c.note);
    return rc;
}
