/* Checks a single event's proof using only the caller's input: the leaf's bytes, the .tlog-proof, the payload.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "ledger/event/erased.h"
#include "ledger/signing/epoch.h"
#include "ledger/tree/tlog_proof.h"
#include "ledger/trust/trust.h"
#include "ledger/verify/report.h"

struct proof_check {
    struct log_report *report;
    struct tlog_proof proof;
    struct checkpoint point;
    struct note *note;
    struct event_header header;
    struct bytes leaf;
    bool parsed; /* proof, checkpoint */
};

static void fault(struct proof_check *c, const char *rule, enum log_aspect aspect, const char *place, const char *reason) {
    struct log_finding finding = {.aspect = aspect, .seq = c->parsed ? c->proof.index : LOG_NO_SEQ};
    snprintf(finding.rule, sizeof(finding.rule), "%s", rule);
    snprintf(finding.place, sizeof(finding.place), "%s", place);
    snprintf(finding.reason, sizeof(finding.reason), "%s", reason);
    report_add(c->report, &finding, false);
    memcpy(c->report->aspect[aspect].text, finding.reason, sizeof(finding.reason));
}

/* The first event's leaf identifies a ledger: a leaf that the caller does not trust belongs to another ledger. */
static void check_genesis(struct proof_check *c, const uint8_t leaf[EVENT_HASH], const struct log_trust *trust) {
    bool known = false;
    if (trust == NULL || c->proof.index != 0 || trust->n_genesis == 0) return;
    for (size_t i = 0; i < trust->n_genesis; i++) {
        known = known || memcmp(trust->genesis[i], leaf, EVENT_HASH) == 0;
    }
    if (!known) {
        report_contradict(c->report, "T1", LOG_ANCHORING,
                          "this first event is not one of the genesis leaves that were given: another ledger");
    }
}

static void check_leaf(struct proof_check *c, struct bytes leaf, const struct log_trust *trust) {
    uint8_t hash[EVENT_HASH];
    struct err why = {0};
    char text[512];
    event_leaf(hash, leaf);
    if (event_header_decode(leaf, &c->header, &why) != 0) {
        fault(c, "F1", LOG_INTEGRITY, "leaf", why.msg);
    } else if (c->header.seq != c->proof.index) {
        fault(c, "F33", LOG_INTEGRITY, "leaf", "the leaf's seq is not the proof's index");
    } else if (bytes_is(c->header.kind, "ledger.created") != (c->header.seq == 0)) {
        fault(c, "F15", LOG_INTEGRITY, "leaf", "ledger.created is the first event, and no other is");
    } else if (!merkle_check_inclusion(c->proof.index, c->point.size, hash, &c->proof.proof, c->point.root)) {
        fault(c, "F7", LOG_INTEGRITY, "proof", "the proof does not lead from the leaf to the checkpoint's root");
    } else {
        snprintf(text, sizeof(text), "event %llu (%.*s) is in the tree of %llu event%s", (unsigned long long)c->proof.index,
                 (int)c->header.kind.n, (const char *)c->header.kind.p, (unsigned long long)c->point.size,
                 text_s(c->point.size));
        report_say(c->report, LOG_INTEGRITY, LOG_ASPECT_GOOD, "%s", text);
        check_genesis(c, hash, trust);
    }
}

/* ---- the author ---- */

struct author_check {
    const struct proof_check *c;
    const struct event_author *author;
    const struct note_vkey *key;
    struct bytes body;
    bool asked, good; /* at least one leaf was tried; the signature verified */
};

static void try_genesis(struct author_check *a, const uint8_t genesis[EVENT_HASH]) {
    const struct bytes origins[] = {a->c->point.origin, epoch_first_origin(a->c->point.origin)};
    a->asked = true;
    for (size_t i = 0; i < 2 && !a->good; i++) {
        struct buf message = {.max = EVENT_BODY_MAX + 2 * EVENT_HEADER_MAX};
        event_author_message(&message, genesis, origins[i], &a->c->header, a->body);
        a->good = message.fail == 0 && crypt_verify(a->author->sig, bytes_of_buf(&message), a->key->public_key);
        buf_done(&message);
    }
}

/* The author's message names the ledger's first leaf, which the proof does not contain, so each leaf that the caller trusts
 * is tried. It also names the origin at that time, which a restore may have changed since. */
static void check_author(struct proof_check *c, const struct event_author *author, struct bytes body,
                         const struct log_trust *trust) {
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
        report_say(c->report, LOG_AUTHORS, LOG_ASPECT_GOOD, "signed by an author you named");
    } else if (!a.asked) {
        report_say(c->report, LOG_AUTHORS, LOG_ASPECT_NOTE,
                   a.key == NULL ? "signed by an author whom you did not name (not checked)"
                                 : "signed by an author you named; give the ledger's genesis leaf to check it");
    } else if (first.n < origin.n) {
        report_say(c->report, LOG_AUTHORS, LOG_ASPECT_NOTE,
                   "not confirmed: the ledger was restored, and the author's signature fits no origin that is known here");
    } else {
        fault(c, "F14", LOG_AUTHORS, "payload", "the author's signature is bad");
    }
}

/* ---- what the ledger says about itself ---- */

/* The root of the tree before the leaf, when the leaf is the last one of its tree. */
static const uint8_t *root_before(const struct proof_check *c, uint8_t ret[EVENT_HASH]) {
    const struct merkle_proof *proof = &c->proof.proof;
    if (c->point.size != c->proof.index + 1 || proof->n == 0) return NULL;
    memcpy(ret, proof->hash[0], EVENT_HASH);
    for (size_t i = 1; i < proof->n; i++) {
        merkle_node(ret, proof->hash[i], ret);
    }
    return ret;
}

/* The checkpoint must be of the event's log: its origin is the log's, or one that a restore gave the log; genesis names the
 * key that signed it, and so does a handover that is the newest event. */
static const char *disagreement(const struct proof_check *c, const struct epoch_said *said) {
    bool first = c->header.seq == 0;
    struct bytes origin = c->point.origin, stem = epoch_first_origin(origin);
    if (first && !bytes_is(origin, said->origin) && !bytes_is(stem, said->origin)) {
        return "the checkpoint is of another log than this first event";
    }
    if (!first && (strncmp(said->key.name, (const char *)stem.p, stem.n) != 0 || said->key.name[stem.n] != '/')) {
        return "the checkpoint is of another log than this event's epoch key";
    }
    if (first && note_check_key(c->note, &said->log, NULL) != NOTE_GOOD) {
        return "the log key that this first event names has not signed the checkpoint";
    }
    if (c->point.size == c->header.seq + 1 && note_check_key(c->note, &said->key, NULL) != NOTE_GOOD) {
        return "the epoch key that this event begins with has not signed the checkpoint";
    }
    return NULL;
}

static void check_erasing(struct proof_check *c, struct bytes body) {
    struct err why = {0};
    enum log_erase_what what;
    int rc = erased_what(body, &what, &why);
    if (rc == 0 && what != LOG_ERASE_ARTIFACT) rc = erased_events(body, c->header.seq, NULL, NULL, &why);
    if (rc != 0) {
        fault(c, "F26", LOG_ERASURES, "payload", why.msg);
    }
}

/* Checks what one event can show about its ledger. */
static void check_own(struct proof_check *c, struct bytes body) {
    uint8_t root[EVENT_HASH];
    struct epoch_place place = {.seq = c->header.seq, .number = LOG_NO_SEQ, .root = root_before(c, root)};
    struct epoch_said said;
    struct epoch_fault wrong;
    if (bytes_is(c->header.kind, "ledger.erased")) {
        check_erasing(c, body);
    }
    if (!epoch_is_kind(c->header.kind) || bytes_is(c->header.kind, "ledger.created") != (c->header.seq == 0)) {
        return; /* check_leaf has already reported the kind as a fault */
    }
    if (epoch_judge(c->header.kind, body, &place, &said, &wrong) != 0) {
        fault(c, wrong.rule, LOG_SEALS, "payload", wrong.text);
        return;
    }
    const char *why = disagreement(c, &said);
    if (why != NULL) {
        fault(c, "F34", LOG_SEALS, "payload", why);
    }
}

/* ---- payload, seal, known heads ---- */

/* Checks salt || payload against the header's commitment, and the author's signature when the caller knows the key. */
static void check_payload(struct proof_check *c, struct bytes payload, const struct log_trust *trust) {
    uint8_t commit[EVENT_HASH];
    struct bytes body;
    struct event_author author = {0};
    struct err why = {0};
    report_say(c->report, LOG_AUTHORS, LOG_ASPECT_UNCHECKED,
               payload.p == NULL ? "not checked: no payload was given" : "not checked: the event does not verify");
    if (payload.p == NULL && c->report->aspect[LOG_INTEGRITY].state == LOG_ASPECT_GOOD) {
        report_say(
            c->report, LOG_INTEGRITY, LOG_ASPECT_GOOD,
            "event %llu (%.*s) is in the tree of %llu event%s; its payload was not given, so only its header is checked",
            (unsigned long long)c->proof.index, (int)c->header.kind.n, (const char *)c->header.kind.p,
            (unsigned long long)c->point.size, text_s(c->point.size));
    }
    if (payload.p == NULL || c->report->aspect[LOG_INTEGRITY].state == LOG_ASPECT_FAULT) return;
    if (payload.n <= EVENT_HASH) {
        fault(c, "F2", LOG_INTEGRITY, "payload", "the payload file is shorter than its salt");
        return;
    }
    struct bytes content = {payload.p + EVENT_HASH, payload.n - EVENT_HASH};
    event_body_commit(commit, payload.p, content);
    if (memcmp(commit, c->header.body, EVENT_HASH) != 0) {
        fault(c, "F3", LOG_INTEGRITY, "payload", "the payload is not the one that the leaf commits to");
        return;
    }
    if (event_payload_decode(content, &body, &author, &why) != 0) {
        fault(c, "F2", LOG_INTEGRITY, "payload", why.msg);
        return;
    }
    check_own(c, body);
    if (author.name.n > 0 && c->header.key.n == 0) {
        fault(c, "F13", LOG_AUTHORS, "payload", "it is signed by an author and has no key");
    }
    if (author.name.n == 0) {
        report_say(c->report, LOG_AUTHORS, LOG_ASPECT_GOOD, "the event is not signed by an author");
        return;
    }
    check_author(c, &author, body, trust);
}

/* A trusted key bears the log's name, but a signature line of that name is by another key: a contradiction. */
static void check_names(struct proof_check *c, const struct log_trust *trust, bool log_known) {
    struct bytes origin = c->point.origin, first = epoch_first_origin(origin);
    char text[400];
    for (size_t i = 0; trust != NULL && !log_known && i < policy_logs(trust->policy); i++) {
        const struct note_vkey *key = &policy_log_at(trust->policy, i)->vkey;
        if (!bytes_is(origin, key->name) && !bytes_is(first, key->name)) continue;
        for (size_t k = 0; k < c->note->n_sigs; k++) {
            const struct note_sig *sig = &c->note->sigs[k];
            if (bytes_is(sig->name, key->name) && memcmp(sig->id, key->id, NOTE_KEY_ID_LEN) != 0) {
                snprintf(text, sizeof(text), "another key is trusted under the name '%.200s'", key->name);
                report_contradict(c->report, "T2", LOG_ANCHORING, text);
            }
        }
    }
}

static void check_seal(struct proof_check *c, const struct log_trust *trust, bool known) {
    struct policy_verdict verdict = {0};
    char text[512];
    if (trust != NULL) {
        policy_judge(trust->policy, c->note, &verdict);
    }
    if (verdict.bad) {
        snprintf(text, sizeof(text), "the signature of the key '%.200s', which is trusted, is bad", verdict.bad_key->name);
        fault(c, "F12", LOG_SEALS, "checkpoint", text);
    }
    check_names(c, trust, verdict.log_known);
    if (verdict.log_known) {
        snprintf(text, sizeof(text), "signed by the trusted log key '%.200s'", verdict.log.name);
        report_say(c->report, LOG_SEALS, LOG_ASPECT_GOOD, "%s", text);
    } else {
        report_say(c->report, LOG_SEALS, LOG_ASPECT_NOTE, "no trusted key signed the checkpoint");
    }
    if (verdict.log_known && verdict.quorum) {
        report_say(c->report, LOG_ANCHORING, LOG_ASPECT_GOOD, "by the log key");
    } else if (known && !verdict.log_known) {
        report_say(c->report, LOG_ANCHORING, LOG_ASPECT_GOOD, "by its checkpoint, which is known from before");
    } else {
        report_say(c->report, LOG_ANCHORING, LOG_ASPECT_NOTE,
                   verdict.log_known ? "not anchored: the policy's quorum of witnesses is not met"
                                     : "not anchored: signed by nobody you named");
        if (c->report->verdict < LOG_NOT_ANCHORED) {
            c->report->verdict = LOG_NOT_ANCHORED;
        }
    }
}

/* Compares a known root of this size, under any origin that this log has had. */
static void compare(struct proof_check *c, uint64_t size, const uint8_t *root, bool *ret_same) {
    uint8_t leaf[EVENT_HASH];
    const uint8_t *mine = size == c->point.size ? c->point.root : NULL;
    if (mine == NULL && size == 1 && c->proof.index == 0) { /* the tree of the first event alone */
        event_leaf(leaf, c->leaf);
        mine = leaf;
    }
    if (mine != NULL && memcmp(root, mine, EVENT_HASH) == 0) {
        *ret_same = true;
    } else if (mine != NULL) {
        report_contradict(c->report, "T3", LOG_COMPLETENESS,
                          "a checkpoint of this log and size with another root is known: a second history");
    }
}

/* A checkpoint from the caller must be of this log; otherwise the caller means another log. */
static void by_checkpoint(struct proof_check *c, const struct trust_checkpoint *known, const struct note_vkey *log,
                          bool *ret_same) {
    char text[512];
    struct bytes origin = known->point.origin;
    if (!bytes_eq(epoch_first_origin(origin), epoch_first_origin(c->point.origin))) {
        snprintf(text, sizeof(text), "the checkpoint '%.200s' is of another log, '%.*s'", known->path,
                 (int)(origin.n < 100 ? origin.n : 100), (const char *)origin.p);
        report_contradict(c->report, "T4", LOG_ANCHORING, text);
    } else if (log != NULL && note_check_key(&known->parsed, log, NULL) != NOTE_GOOD) {
        snprintf(text, sizeof(text), "the checkpoint '%.200s' has no good signature of the log key '%.100s'", known->path,
                 log->name);
        report_contradict(c->report, "T4", LOG_ANCHORING, text);
    } else {
        compare(c, known->point.size, known->point.root, ret_same);
    }
}

/* Compares previously known heads and checkpoints. True when one of them has this root; those that cannot be compared are
 * ignored. */
static bool check_known(struct proof_check *c, const struct log_trust *trust) {
    bool same = false;
    struct policy_verdict seal = {0};
    struct bytes first = epoch_first_origin(c->point.origin);
    if (trust != NULL) {
        policy_judge(trust->policy, c->note, &seal);
    }
    for (size_t i = 0; trust != NULL && i < policy_heads(trust->policy); i++) {
        const struct policy_head *head = policy_head_at(trust->policy, i);
        if (bytes_eq(epoch_first_origin(bytes_of(head->origin)), first)) {
            compare(c, head->size, head->root, &same);
        }
    }
    for (size_t i = 0; trust != NULL && i < trust->n_checkpoints; i++) {
        by_checkpoint(c, trust->checkpoint[i], seal.log_known ? &seal.log : NULL, &same);
    }
    report_say(c->report, LOG_COMPLETENESS, LOG_ASPECT_NOTE,
               same ? "one event; its checkpoint is known from before"
                    : "one event; the rest of the ledger is not examined");
    return same && c->report->verdict < LOG_CONTRADICTS;
}

/* Parses the proof and its checkpoint; a malformed one is a finding. */
static int take_proof(struct proof_check *c, struct bytes proof) {
    struct err why = {0};
    const char *rule = "F32";
    int rc = tlog_proof_decode(proof, &c->proof, &why);
    if (rc == 0) {
        rule = "F10";
        rc = note_decode(c->proof.checkpoint, c->note, &why);
    }
    if (rc == 0) {
        rule = "F11";
        rc = checkpoint_decode(c->note->text, &c->point, &why);
    }
    if (rc == ERR_CORRUPT) {
        fault(c, rule, LOG_INTEGRITY, "proof", why.msg);
    }
    c->parsed = rc == 0;
    return rc;
}

int log_verify_proof(struct bytes proof, struct bytes leaf, struct bytes payload, const struct log_trust *trust,
                     struct log_report *ret, struct err *err) {
    struct proof_check c = {0};
    int rc = crypt_init(err);
    if (rc != 0) return rc;
    c.report = calloc(1, sizeof(*c.report));
    c.note = malloc(sizeof(*c.note));
    if (c.report == NULL || c.note == NULL) {
        rc = err_set(err, ERR_NOMEM, "out of memory");
        goto out;
    }
    c.leaf = leaf;
    report_begin(c.report, REPORT_OF_LEDGER, LOG_ASPECT_UNCHECKED, "not checked");
    rc = take_proof(&c, proof);
    if (rc == ERR_CORRUPT) {
        *ret = *c.report;
        rc = 0;
    } else if (rc != 0) {
        err_set(err, rc, "out of memory");
    } else {
        check_leaf(&c, leaf, trust);
        check_payload(&c, payload, trust);
        check_seal(&c, trust, check_known(&c, trust));
        report_say(c.report, LOG_ERASURES, LOG_ASPECT_UNCHECKED, "not examined");
        report_say(c.report, LOG_GAPS, LOG_ASPECT_UNCHECKED, "not examined");
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
