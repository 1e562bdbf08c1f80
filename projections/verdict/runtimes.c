/* The clause "runtimes": servers of models. One that does not answer is a warning as long as another one does. What was last
 * looked at too long ago is unknown, and so is a server elsewhere to which there was no way. */
#include "projections/permissions/tiers.h"
#include "projections/verdict/verdict.h"

#include <stdio.h>

#define DAYS 7 /* that an answer, or a look at the usual ports, counts */

/* Nothing says more than what the newest event of a server says, except that there was no way to it, or no time to ask.
 * MESSAGE_NONE: there was. */
static int why_unasked(struct verdict_case *c, const struct row *row, enum message_key *ret, struct err *err) {
    const struct bytes key[] = {bytes_of("runtime"), named_text(row, "endpoint")};
    struct row check;
    bool there = false;
    *ret = MESSAGE_NONE;
    if (key[1].n == 0) return 0;
    int rc = verdict_look(c, "checks", key, 2, &check, &there, err);
    if (rc == 0 && there && named_int(&check, "updated_seq") > named_int(row, "updated_seq")) {
        *ret = named_bool(&check, "offline")           ? MESSAGE_RUNTIME_NO_WAY
               : named_is(&check, "status", "skipped") ? MESSAGE_RUNTIME_NOT_ASKED
                                                       : MESSAGE_NONE;
    }
    row_done(&check);
    return rc < 0 ? rc : 0;
}

/* When the doctor last looked at all servers, or this one last answered. */
static int is_late(struct verdict_case *c, const struct row *row, bool *ret, struct err *err) {
    const struct bytes key[] = {bytes_of("probe"), bytes_of("runtimes")};
    struct row probe;
    bool there = false;
    *ret = false;
    if (verdict_of_late(c, named_int(row, "told_at"), DAYS)) return 0;
    int rc = verdict_look(c, "checks", key, 2, &probe, &there, err);
    *ret = rc == 0 && !(there && named_is(&probe, "status", "ok") && verdict_of_late(c, named_int(&probe, "at"), DAYS));
    row_done(&probe);
    return rc < 0 ? rc : 0;
}

static bool is_here(struct bytes endpoint) {
    return bytes_has_prefix(endpoint, "http://127.") || bytes_has_prefix(endpoint, "http://localhost:") ||
           bytes_has_prefix(endpoint, "http://[::1]:");
}

/* How a server that has an address does not answer, by the word of its event: in words, and whether something listens there. */
static const struct silence {
    const char *error;
    enum message_key says;
    bool listens;
} silences[] = {
    {"refused", MESSAGE_RUNTIME_REFUSED, false},  {"timeout", MESSAGE_RUNTIME_TIMEOUT, true},
    {"answer", MESSAGE_RUNTIME_OTHER, true},      {"protocol", MESSAGE_RUNTIME_OTHER, true},
    {"redirect", MESSAGE_RUNTIME_REDIRECT, true}, {"limit", MESSAGE_RUNTIME_LIMIT, true},
    {"http", MESSAGE_RUNTIME_HTTP, true},         {"tls", MESSAGE_RUNTIME_TLS, true},
};

static struct silence silence_of(struct bytes endpoint, struct bytes error) {
    static const enum message_key says[2][2] = {{MESSAGE_RUNTIME_SILENT_ONLY, MESSAGE_RUNTIME_SILENT_SAYS},
                                                {MESSAGE_RUNTIME_SILENT_AT, MESSAGE_RUNTIME_SILENT}};
    for (size_t i = 0; endpoint.n > 0 && i < sizeof(silences) / sizeof(silences[0]); i++) {
        if (bytes_is(error, silences[i].error)) return silences[i];
    }
    return (struct silence){"", says[endpoint.n > 0][error.n > 0], false};
}

static void take_silent(struct verdict_case *c, const struct row *row) {
    struct bytes name = named_text(row, "runtime"), endpoint = named_text(row, "endpoint");
    struct bytes error = named_text(row, "error");
    const struct silence silence = silence_of(endpoint, error);
    bool ollama = bytes_is(name, "ollama");
    verdict_found(c, VERDICT_WARN, row, ollama ? endpoint : name,
                  SAY_KEY(silence.says, message_name("runtime", name), message_name("endpoint", endpoint),
                          message_name("error", error)));
    if (verdict_leads(c, VERDICT_WARN)) {
        snprintf(c->more, sizeof(c->more), "%.*s", REASON_NAME(endpoint));
        c->own_help = (struct verdict_help){
            silence.listens ? MESSAGE_FIRST_LISTENS : MESSAGE_FIRST_START,
            ollama              ? "ledger ingest ollama {about}"
            : is_here(endpoint) ? "ledger doctor --only runtimes"
                                : "ledger append runtime.observed -s runtime/{about} runtime={about}{endpoint}"};
        c->help = &c->own_help;
    }
}

static int take_up(struct verdict_case *c, const struct row *row, struct err *err) {
    static const struct verdict_help cloud = {MESSAGE_FIRST_NO_CLOUD, "ledger doctor --only runtimes"};
    struct bytes name = named_text(row, "runtime"), status = named_text(row, "status");
    struct bytes about = bytes_is(name, "ollama") ? named_text(row, "endpoint") : name;
    bool ill = bytes_is(status, "error") || bytes_is(status, "unhealthy") || bytes_is(status, "degraded"), late = false;
    uint64_t policy = LOG_NO_SEQ;
    int rc = named_bool(row, "cloud") ? tiers_close_egress(c->view, &policy, err) : 0;
    if (rc == 0 && policy == LOG_NO_SEQ && !ill) rc = is_late(c, row, &late, err);
    if (rc != 0) return rc;
    if (policy != LOG_NO_SEQ) {
        verdict_found(c, VERDICT_FAIL, row, about, SAY_WITH(RUNTIME_CLOUD, message_name("runtime", name)));
        reason_cite(&c->reason, policy, 0);
        if (verdict_leads(c, VERDICT_FAIL)) c->help = &cloud;
    } else if (late) {
        verdict_found(c, VERDICT_UNKNOWN, row, about, SAY_WITH(RUNTIME_OLD, message_name("runtime", name)));
    } else {
        verdict_found(c, ill ? VERDICT_WARN : VERDICT_PASS, row, about,
                      SAY_WITH(RUNTIME_ILL, message_name("runtime", name), message_name("status", status)));
    }
    return 0;
}

static int each_runtime(struct verdict_case *c, const struct row *row, struct err *err) {
    bool silent = named_is(row, "state", "unreachable"), up = named_is(row, "state", "up");
    enum message_key unasked = MESSAGE_NONE;
    int rc = silent || up ? why_unasked(c, row, &unasked, err) : 0;
    if (rc != 0) return rc;
    if (unasked != MESSAGE_NONE) {
        verdict_found(c, VERDICT_UNKNOWN, row, named_text(row, "runtime"),
                      SAY_KEY(unasked, message_name("runtime", named_text(row, "runtime")),
                              message_name("endpoint", named_text(row, "endpoint"))));
    } else if (silent) {
        take_silent(c, row);
    } else if (up) {
        rc = take_up(c, row, err);
    }
    return rc;
}

/* Somebody looked lately, and there was none. */
static int is_without(struct verdict_case *c, bool *ret, struct err *err) {
    const struct bytes key[] = {bytes_of("runtimes-usual"), {0}};
    struct row check;
    bool there = false;
    int rc = verdict_look(c, "checks", key, 2, &check, &there, err);
    *ret = rc == 0 && there && verdict_of_late(c, named_int(&check, "at"), DAYS);
    row_done(&check);
    return rc < 0 ? rc : 0;
}

int verdict_runtimes(struct verdict_case *c, struct err *err) {
    bool none = false;
    int rc = verdict_each(c, "runtimes", each_runtime, err);
    if (rc == 0 && c->found == 0) rc = is_without(c, &none, err);
    if (rc != 0) return rc;
    if (none) {
        verdict_leave_out(c, SAY(NO_RUNTIMES));
    } else if (c->found == 0) {
        verdict_found(c, VERDICT_UNKNOWN, NULL, bytes_of(""), SAY(RUNTIMES_UNSEEN));
    } else if (c->state == VERDICT_WARN && c->heaviest == c->found) {
        c->state = VERDICT_FAIL; /* all of them warn */
    }
    verdict_passes(c, SAY_WITH(RUNTIMES_ANSWER, message_int("n", (int64_t)c->found)));
    return 0;
}
