/* Clauses of the box that rest on what probes observe of the ledger and its surroundings. Each has checks of its own, whose
 * statuses are a table here. What nobody looked at is unknown, and so is what was last looked at too long ago: an answer
 * that was true once is not passed on for ever. A target that does not exist any more is left out when it is observed as
 * not_applicable. */
#include "projections/verdict/probed.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define EPOCH_DAYS 365 /* that an epoch key may be in use */
#define STATUSES   6
#define NUMBER_END 9e18 /* numbers from here on are not printed */

struct probed {
    const char *check;
    unsigned days;     /* an observation counts for so long */
    const char *probe; /* that looks; NULL: several */
    bool
        newest; /* of several targets only the one observed last counts, of those that still apply: the others are earlier names of it */
    enum message_key unseen; /* what is said when nobody has looked */
    enum message_key absent; /* the same, and then the clause does not apply; MESSAGE_NONE: it does */
    enum message_key old;
    enum message_key pass; /* of several targets; MESSAGE_NONE: what their status says */
    struct probed_status {
        const char *status;
        enum verdict_state state;
        enum message_key says, says_n; /* says_n: where there is a number, or words */
        enum message_key first;
        const char *command;
    } statuses[STATUSES];
};

#define ASKED  "weights" /* a probe that looks only when it is asked to: nobody waits for its next look */
#define DOCTOR "ledger doctor"
#define FIX    "ledger doctor --fix"
/* A status of which only its words are known: how the probe could not look. */
#define UNSEEN(status, says)                                                                                               \
    { status, VERDICT_UNKNOWN, MESSAGE_##says, MESSAGE_NONE, MESSAGE_NONE, DOCTOR }
#define PASSES(status, says, says_n)                                                                                       \
    { status, VERDICT_PASS, MESSAGE_##says, MESSAGE_##says_n, MESSAGE_NONE, NULL }
#define IS(status, state, says, says_n, first, command)                                                                    \
    { status, VERDICT_##state, MESSAGE_##says, MESSAGE_##says_n, MESSAGE_##first, command }

static const struct probed chain = {
    .check = "ledger-chain",
    .probe = "chain",
    .days = 7,
    .newest = true,
    .unseen = MESSAGE_CHAIN_UNSEEN,
    .old = MESSAGE_CHAIN_OLD,
    .statuses = {PASSES("ok", CHAIN_OK, CHAIN_VERIFIED), IS("invalid", FAIL, CHAIN_INVALID, NONE, FIRST_VERIFY, DOCTOR),
                 IS("contradicts", FAIL, CHAIN_CONTRADICTS, NONE, FIRST_COMPARE, DOCTOR), UNSEEN("error", CHAIN_ERROR)},
};
static const struct probed trust = {
    .check = "ledger-trust",
    .probe = "chain",
    .days = 7,
    .newest = true,
    .unseen = MESSAGE_TRUST_UNSEEN,
    .old = MESSAGE_TRUST_OLD,
    .statuses = {PASSES("ok", TRUST_OK, NONE), IS("not_anchored", WARN, TRUST_NOT_ANCHORED, NONE, FIRST_ANCHOR, DOCTOR),
                 IS("contradicts", FAIL, TRUST_CONTRADICTS, NONE, FIRST_COMPARE, DOCTOR), UNSEEN("error", TRUST_ERROR)},
};
static const struct probed keys = {
    .check = "ledger-keys",
    .probe = "keep",
    .days = 7,
    .unseen = MESSAGE_KEYS_UNSEEN,
    .old = MESSAGE_KEYS_OLD,
    .pass = MESSAGE_KEYS_OK,
    .statuses = {PASSES("ok", NONE, NONE), IS("exposed", FAIL, KEYS_EXPOSED, NONE, NONE, FIX),
                 IS("denied", FAIL, KEYS_DENIED, NONE, FIRST_KEY, DOCTOR),
                 IS("missing", WARN, KEYS_MISSING, NONE, FIRST_KEY, DOCTOR), UNSEEN("error", KEYS_ERROR)},
};
static const struct probed index_ = {
    .check = "ledger-index",
    .probe = "keep",
    .days = 7,
    .newest = true,
    .unseen = MESSAGE_INDEX_UNSEEN,
    .old = MESSAGE_INDEX_OLD,
    .statuses = {PASSES("ok", INDEX_OK, NONE), PASSES("behind", INDEX_BEHIND, INDEX_BEHIND_BY),
                 IS("damaged", FAIL, INDEX_DAMAGED, NONE, NONE, FIX), IS("missing", WARN, INDEX_MISSING, NONE, NONE, FIX),
                 UNSEEN("error", INDEX_ERROR)},
};
static const struct probed readers = {
    .check = "ledger-readers",
    .probe = "keep",
    .days = 1,
    .newest = true,
    .unseen = MESSAGE_READERS_UNSEEN,
    .old = MESSAGE_READERS_OLD,
    .statuses = {PASSES("ok", READERS_OK, NONE), IS("dead", WARN, READERS_DEAD, READERS_DEAD_OF, NONE, FIX),
                 IS("stuck", WARN, READERS_STUCK, READERS_STUCK_BY, FIRST_READER, DOCTOR), UNSEEN("error", READERS_ERROR)},
};
static const struct probed quota = {
    .check = "ledger-quota",
    .probe = "keep",
    .days = 1,
    .newest = true,
    .absent = MESSAGE_NO_QUOTA,
    .old = MESSAGE_QUOTA_OLD,
    .statuses = {PASSES("ok", QUOTA_OK, QUOTA_OK_OF), IS("low", WARN, QUOTA_LOW, QUOTA_LOW_OF, FIRST_QUOTA, DOCTOR),
                 IS("full", FAIL, QUOTA_FULL, QUOTA_FULL_OF, FIRST_QUOTA, DOCTOR), UNSEEN("error", QUOTA_ERROR)},
};
static const struct probed states = {
    .check = "ledger-states",
    .probe = "keep",
    .days = 7,
    .old = MESSAGE_STATES_OLD,
    .statuses = {PASSES("ok", NONE, NONE), IS("damaged", FAIL, STATES_UNREADABLE, NONE, NONE, FIX),
                 UNSEEN("error", STATES_ERROR)},
};
static const struct probed time_ = {
    .check = "time-sync",
    .probe = "clock",
    .days = 1,
    .newest = true,
    .unseen = MESSAGE_TIME_UNSEEN,
    .old = MESSAGE_TIME_OLD,
    .statuses = {PASSES("ok", TIME_OK, NONE), IS("unsynchronised", WARN, TIME_UNSYNCHRONISED, NONE, FIRST_CLOCK, DOCTOR),
                 UNSEEN("unknown", TIME_UNKNOWN), UNSEEN("error", TIME_UNKNOWN)},
};
static const struct probed probes = {
    .check = "probe",
    .days = 7,
    .absent = MESSAGE_NO_PROBES,
    .old = MESSAGE_PROBE_OLD,
    .pass = MESSAGE_PROBES_OK,
    .statuses = {PASSES("ok", NONE, NONE), IS("timeout", UNKNOWN, PROBE_TIMEOUT, PROBE_TIMEOUT_SAYS, NONE, DOCTOR),
                 IS("crashed", UNKNOWN, PROBE_CRASHED, PROBE_CRASHED_SAYS, NONE, DOCTOR),
                 IS("garbage", UNKNOWN, PROBE_GARBAGE, PROBE_GARBAGE_SAYS, NONE, DOCTOR),
                 IS("error", UNKNOWN, PROBE_ERROR, PROBE_ERROR_SAYS, NONE, DOCTOR)},
};
static const struct probed *const all[] = {&chain, &trust, &keys, &index_, &readers, &quota, &states, &time_, &probes};
#define ALL (sizeof(all) / sizeof(all[0]))

bool verdict_is_probed(struct bytes check) {
    if (bytes_is(check, PROBED_HOOKS)) return true;
    for (size_t i = 0; i < ALL; i++) {
        if (bytes_is(check, all[i]->check)) return true;
    }
    return false;
}

void verdict_when(char ret[VERDICT_WHEN], int64_t at) {
    char text[TEXT_TIME_MAX];
    text_time(text, at > 0 ? (uint64_t)at : 0);
    snprintf(ret, VERDICT_WHEN, "%.19sZ", text);
}

/* ---- one observation ---- */

struct looking {
    const struct probed *of;
    bool any, skipped;   /* there are observations; of what does not apply */
    bool applies;        /* the newest does */
    int64_t newest, seq; /* of the observation that counts, with `newest` */
    int64_t touched;     /* the newest event about any of them */
};

/* What follows from the row: by its age first, then by its status. */
static struct probed_status weigh(const struct verdict_case *c, const struct probed *of, const struct row *row) {
    struct probed_status found = {"", VERDICT_UNKNOWN, of->old, of->old, MESSAGE_NONE, DOCTOR};
    if (!verdict_of_late(c, named_int(row, "at"), of->days)) return found;
    bool offline = named_bool(row, "offline");
    found.says = found.says_n = offline ? MESSAGE_CHECK_OFFLINE : MESSAGE_CHECK;
    for (size_t i = 0; i < STATUSES && of->statuses[i].status != NULL && !offline; i++) {
        if (named_is(row, "status", of->statuses[i].status)) return of->statuses[i];
    }
    return found;
}

/* The number that a status is about: what the index lacks; up to where the chain was verified, though from a later event on;
 * else the value. False: there is none. */
static bool number_of(const struct probed *of, const struct row *row, int64_t *ret, int64_t *ret_limit) {
    double value = row_real(row, named_column(row, "value")), limit = row_real(row, named_column(row, "limit"));
    double n = of == &index_ ? limit - value : of == &chain && !isnan(limit) ? limit : value;
    bool fits = limit >= 0 && limit < NUMBER_END, has = n >= 0 && n < NUMBER_END && (fits || of != &quota);
    *ret = has ? (int64_t)n : 0;
    *ret_limit = fits ? (int64_t)limit : 0;
    return has;
}

static void take_observation(struct verdict_case *c, const struct probed *of, const struct row *row) {
    const struct probed_status status = weigh(c, of, row);
    const struct bytes check = bytes_of(of->check), target = named_text(row, "target");
    const struct bytes words = named_text(row, "value_text");
    char when[VERDICT_WHEN];
    int64_t n, limit;
    bool has = number_of(of, row, &n, &limit);
    has = of == &probes ? words.n > 0 : has;
    verdict_when(when, named_int(row, "at"));
    const struct verdict_said said = SAY_KEY(
        has && status.says_n != MESSAGE_NONE ? status.says_n : status.says,
        message_name(of == &probes   ? "probe"
                     : of == &states ? "projection"
                                     : "file",
                     target.n > 0 ? target : check),
        message_name("check", check), message_name("status", named_text(row, "status")), message_name("words", words),
        message_name("time", bytes_of(when)), message_int("n", n), message_int("limit", limit));
    verdict_found(c, status.state, row, target, said);
    if (status.state == VERDICT_PASS && of->pass == MESSAGE_NONE) {
        verdict_passes(c, said);
    }
    if (verdict_leads(c, status.state)) {
        bool asked = of == &probes && bytes_is(target, ASKED);
        c->own_help = (struct verdict_help){status.first, asked ? "ledger doctor --only models" : status.command};
        c->help = &c->own_help;
    }
}

/* ---- all of them ---- */

static int each_seen(struct verdict_case *c, void *ctx, const struct row *row, struct err *err) {
    struct looking *l = ctx;
    int64_t at = named_int(row, "at"), seq = named_int(row, "updated_seq");
    (void)c;
    (void)err;
    bool applies = !named_is(row, "status", "not_applicable");
    bool newer = !l->any || at > l->newest || (at == l->newest && seq > l->seq);
    if (applies != l->applies ? applies || !l->any : newer) {
        l->newest = at;
        l->seq = seq;
        l->applies = applies;
    }
    l->any = true;
    l->touched = seq > l->touched ? seq : l->touched;
    return 0;
}

int verdict_look_failed(struct verdict_case *c, const char *probe, int64_t touched, struct err *err) {
    const struct bytes key[] = {bytes_of("probe"), bytes_of(probe)};
    struct row row;
    bool there = false;
    if (c->state != VERDICT_PASS || c->found == 0) return 0;
    int rc = verdict_look(c, "checks", key, 2, &row, &there, err);
    bool failed = rc == 0 && there && !named_is(&row, "status", "ok") && !named_is(&row, "status", "not_applicable") &&
                  named_int(&row, "updated_seq") > touched;
    if (failed) {
        verdict_found(
            c, VERDICT_UNKNOWN, &row, key[1],
            SAY_WITH(LOOK_FAILED, message_name("probe", key[1]), message_name("status", named_text(&row, "status"))));
    }
    row_done(&row);
    return rc < 0 ? rc : 0;
}

static int each_observation(struct verdict_case *c, void *ctx, const struct row *row, struct err *err) {
    struct looking *l = ctx;
    (void)err;
    if (l->of->newest && (named_int(row, "at") != l->newest || named_int(row, "updated_seq") != l->seq)) {
        return 0;
    }
    bool asked = l->of == &probes && named_is(row, "target", ASKED);
    if (named_is(row, "status", "not_applicable")) {
        l->skipped = true;
    } else if (!asked || verdict_of_late(c, named_int(row, "at"), l->of->days)) {
        take_observation(c, l->of, row);
    }
    return 0;
}

static int judge(struct verdict_case *c, const struct probed *of, struct err *err) {
    struct looking l = {.of = of};
    const struct bytes key = bytes_of(of->check);
    int rc = verdict_each_of(c, "checks", &key, 1, each_seen, &l, err);
    if (rc == 0 && c->found == 0) rc = verdict_each_of(c, "checks", &key, 1, each_observation, &l, err);
    if (rc != 0) return rc;
    if (c->found == 0 && of->absent != MESSAGE_NONE) {
        verdict_leave_out(c, (struct verdict_said){of->absent, NULL, 0});
    } else if (c->found == 0 && l.skipped) {
        verdict_leave_out(c, SAY_WITH(NOT_APPLICABLE, message_name("check", key)));
    } else if (c->found == 0) {
        verdict_found(c, VERDICT_UNKNOWN, NULL, bytes_of(""), (struct verdict_said){of->unseen, NULL, 0});
    }
    if (of->probe != NULL && l.any) rc = verdict_look_failed(c, of->probe, l.touched, err);
    if (rc == 0 && of->pass != MESSAGE_NONE) {
        verdict_passes_of(c, of->pass, of->pass);
    }
    return rc;
}

int verdict_chain(struct verdict_case *c, struct err *err) {
    return judge(c, &chain, err);
}

int verdict_trust(struct verdict_case *c, struct err *err) {
    return judge(c, &trust, err);
}

int verdict_keys(struct verdict_case *c, struct err *err) {
    return judge(c, &keys, err);
}

int verdict_index(struct verdict_case *c, struct err *err) {
    return judge(c, &index_, err);
}

int verdict_readers(struct verdict_case *c, struct err *err) {
    return judge(c, &readers, err);
}

int verdict_quota(struct verdict_case *c, struct err *err) {
    return judge(c, &quota, err);
}

/* Whether they follow the log is judged by themselves; only what is wrong with their rows counts. */
static int each_ill(struct verdict_case *c, void *ctx, const struct row *row, struct err *err) {
    (void)ctx;
    (void)err;
    if (!named_is(row, "status", "ok") && !named_is(row, "status", "not_applicable")) {
        take_observation(c, &states, row);
    }
    return 0;
}

int verdict_stored(struct verdict_case *c, struct err *err) {
    const struct bytes key = bytes_of(states.check);
    return verdict_each_of(c, "checks", &key, 1, each_ill, NULL, err);
}

int verdict_time(struct verdict_case *c, struct err *err) {
    return judge(c, &time_, err);
}

int verdict_probes(struct verdict_case *c, struct err *err) {
    return judge(c, &probes, err);
}

/* ---- the age of the epoch key, for which nobody has to look ---- */

static int each_epoch(struct verdict_case *c, void *ctx, const struct row *row, struct err *err) {
    char when[VERDICT_WHEN];
    (void)ctx;
    (void)err;
    if (!named_is(row, "state", "current")) return 0;
    bool aged = !verdict_of_late(c, named_int(row, "began_at"), EPOCH_DAYS);
    verdict_when(when, named_int(row, "began_at"));
    const struct message_arg since = message_name("date", (struct bytes){(const uint8_t *)when, 10});
    verdict_found(c, aged ? VERDICT_WARN : VERDICT_PASS, row, named_text(row, "epoch"),
                  SAY_WITH(EPOCH_AGED, since, message_int("days", EPOCH_DAYS)));
    verdict_passes(c, SAY_WITH(EPOCH_FRESH, since));
    return 0;
}

int verdict_epoch(struct verdict_case *c, struct err *err) {
    int rc = verdict_each_of(c, "epochs", NULL, 0, each_epoch, NULL, err);
    if (rc == 0 && c->found == 0) {
        verdict_leave_out(c, SAY(NO_EPOCH));
    }
    return rc;
}
