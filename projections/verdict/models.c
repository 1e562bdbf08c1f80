/* The clause "models": what is there and can be used. A model whose file is missing, or is another one than was registered, is
 * no such model; a remote one is a fault where a policy closes the way out; a name that leads elsewhere since it was
 * evaluated, and a model that is too large for the machine, are warnings. Loaded or not is no fault. */
#include "projections/machine/capability.h"
#include "projections/permissions/tiers.h"
#include "projections/rows/list.h"
#include "projections/verdict/verdict.h"
#include "projections/view/look.h"

#include <stdio.h>
#include <string.h>

#define DAYS      7
#define SHORT_MAX 19 /* of a digest that is shown */
#define LOOK      "ledger doctor --only models"
#define NAMES_MAX 32 /* of a model that are looked at */
#define SEEN_TO   "ledger append doctor.remedied -s check/models check=models target={about} remedy=REMEDY outcome=ok"

static const struct verdict_help restore = {MESSAGE_FIRST_FETCH, LOOK}, again = {MESSAGE_NONE, LOOK},
                                 remove_it = {MESSAGE_FIRST_REMOVE, LOOK}, look_at_it = {MESSAGE_FIRST_EVALUATE, SEEN_TO},
                                 too_large = {MESSAGE_FIRST_REMOVE, SEEN_TO},
                                 ask_again = {MESSAGE_FIRST_START_SERVER, "ledger doctor --only runtimes"};

struct models_room {
    struct capability_host host;
    struct capability tier;
};

static void lead(struct verdict_case *c, enum verdict_state state, const struct verdict_help *help) {
    if (verdict_leads(c, state)) {
        c->help = help;
    }
}

static struct bytes name_of(const struct row *row) {
    struct bytes name = named_text(row, "name"), digest = named_text(row, "digest");
    return name.n > 0 ? name : (struct bytes){digest.p, digest.n < SHORT_MAX ? digest.n : SHORT_MAX};
}

/* ---- its file ---- */

static const struct file_status {
    const char *status;
    enum verdict_state state;
    enum message_key says;
    const struct verdict_help *help;
} file_statuses[] = {
    {"missing", VERDICT_FAIL, MESSAGE_MODEL_MISSING, &restore},
    {"mismatch", VERDICT_FAIL, MESSAGE_MODEL_DIFFERS, &restore},
    {"denied", VERDICT_UNKNOWN, MESSAGE_MODEL_DENIED, &again},
    {"stale", VERDICT_WARN, MESSAGE_MODEL_WRITTEN, &again},
};

/* What is known of its file. */
struct checked {
    bool known;  /* it was looked at here */
    bool bad;    /* something was found */
    bool failed; /* it is no such file: what else is known of it says the same */
};

/* One check of a model. */
static int take_check(struct verdict_case *c, const struct row *model, const char *check, int64_t since,
                      struct checked *file, struct err *err) {
    const struct bytes key[] = {bytes_of(check), named_text(model, "digest")};
    struct row row;
    bool there = false;
    if (file->failed) return 0;
    int rc = verdict_look(c, "checks", key, 2, &row, &there, err);
    file->known = file->known || (rc == 0 && there);
    for (size_t i = 0; rc == 0 && there && i < sizeof(file_statuses) / sizeof(file_statuses[0]); i++) {
        const struct file_status *s = &file_statuses[i];
        bool outdated = s->state == VERDICT_WARN && named_int(&row, "updated_seq") < since;
        if (!named_is(&row, "status", s->status) || outdated) continue;
        verdict_found(c, s->state, &row, name_of(model), SAY_KEY(s->says, message_name("model", name_of(model))));
        lead(c, s->state, s->help);
        file->bad = true;
        file->failed = s->state == VERDICT_FAIL;
    }
    row_done(&row);
    return rc < 0 ? rc : 0;
}

/* When its whole file was last found to be what it should be; 0: never. */
static int read_digest(struct verdict_case *c, const struct row *model, int64_t *ret, struct err *err) {
    const struct bytes key[] = {bytes_of("model-digest"), named_text(model, "digest")};
    struct row row;
    bool there = false;
    int rc = verdict_look(c, "checks", key, 2, &row, &there, err);
    *ret = rc == 0 && there && named_is(&row, "status", "ok") ? named_int(&row, "updated_seq") : 0;
    row_done(&row);
    return rc < 0 ? rc : 0;
}

/* ---- what it is for this machine ---- */

static int read_room(struct verdict_case *c, struct models_room *ret, struct err *err) {
    int rc = capability_host(c->view, (struct bytes){0}, &ret->host, err);
    return rc == 0 ? capability_judge(c->view, ret->host.gpu_bytes, ret->host.memory_bytes, &ret->tier, err) : rc;
}

static int take_size_in(struct verdict_case *c, const struct row *row, const struct models_room *room, bool *ret_found,
                        struct err *err) {
    int64_t most = room->tier.tier.largest_model_bytes, bytes = named_int(row, "bytes");
    bool seen = false;
    if (room->host.seq == LOG_NO_SEQ || !room->tier.known || most == CAPABILITY_UNLIMITED || bytes <= most) return 0;
    snprintf(c->target, sizeof(c->target), "%.*s", REASON_NAME(name_of(row)));
    int rc = verdict_seen_to(c, "models", c->target, named_int(row, "since_seq"), &seen, err);
    if (rc != 0 || seen) return rc;
    *ret_found = true;
    verdict_found(c, VERDICT_WARN, row, name_of(row),
                  SAY_WITH(MODEL_LARGE, message_name("model", name_of(row)), message_int("mb", bytes / 1000000),
                           message_int("most", most / 1000000), message_name("tier", room->tier.tier.name)));
    lead(c, VERDICT_WARN, &too_large);
    if (c->state == VERDICT_WARN) reason_cite(&c->reason, room->host.seq, 0);
    return 0;
}

static int take_size(struct verdict_case *c, const struct row *row, bool *ret_found, struct err *err) {
    struct models_room room = {0};
    if (c->room != NULL) return take_size_in(c, row, c->room, ret_found, err);
    int rc = read_room(c, &room, err);
    if (rc == 0) rc = take_size_in(c, row, &room, ret_found, err);
    capability_done(&room.tier);
    return rc;
}

static int take_remote(struct verdict_case *c, const struct row *row, struct err *err) {
    uint64_t policy = LOG_NO_SEQ;
    int rc = tiers_close_egress(c->view, &policy, err);
    if (rc == 0 && policy != LOG_NO_SEQ) {
        verdict_found(c, VERDICT_FAIL, row, name_of(row), SAY_WITH(MODEL_REMOTE, message_name("model", name_of(row))));
        reason_cite(&c->reason, policy, 0);
        lead(c, VERDICT_FAIL, &remove_it);
    } else if (rc == 0) {
        verdict_found(c, VERDICT_PASS, row, name_of(row), SAY(NONE));
    }
    return rc;
}

/* Who has it. */
struct held_by {
    bool answers;         /* one that answers, or of which nothing is known */
    bool loaded;          /* it is in the memory of one of these */
    struct bytes silent;  /* one that does not answer, by its name */
    struct reason reason; /* whose event says so */
};

/* Does the server not answer that has the name? One elsewhere has its address in the runtime's name here, and not there. */
static int is_silent(struct verdict_case *c, struct bytes runtime, struct bytes endpoint, struct held_by *h, bool *ret,
                     struct err *err) {
    const uint8_t *at = memchr(runtime.p, '@', runtime.n);
    const struct bytes family = {runtime.p, at != NULL ? (size_t)(at - runtime.p) : runtime.n};
    bool there = false;
    int rc = 0;
    *ret = false;
    for (int i = 0; i < 2 && rc == 0 && !there; i++) {
        const struct bytes key[] = {i == 0 ? runtime : family, endpoint};
        struct row server;
        rc = verdict_look(c, "runtimes", key, 2, &server, &there, err);
        *ret = rc == 0 && there && named_is(&server, "state", "unreachable");
        if (*ret) reason_cite(&h->reason, (uint64_t)named_int(&server, "updated_seq"), 0);
        row_done(&server);
    }
    return rc;
}

static int take_holder(struct verdict_case *c, struct bytes runtime, struct bytes model, struct held_by *h,
                       struct err *err) {
    const struct bytes key[] = {runtime, model};
    struct row name;
    bool there = false, silent = false;
    int rc = verdict_look(c, "model_names", key, 2, &name, &there, err);
    if (rc == 0 && there) rc = is_silent(c, runtime, named_text(&name, "endpoint"), h, &silent, err);
    if (rc == 0 && silent) {
        h->silent = runtime;
    } else if (rc == 0) {
        h->answers = true;
        h->loaded = h->loaded || (there && named_bool(&name, "loaded"));
    }
    row_done(&name);
    return rc < 0 ? rc : 0;
}

/* A name is preceded by its runtime and a blank; without one, nothing is known of who has it. */
static int read_holders(struct verdict_case *c, const struct row *model, struct held_by *h, struct err *err) {
    struct list list;
    struct bytes item, words;
    int rc = 0;
    reason_init(&h->reason);
    list_open(&list, named_list(model, "names"));
    for (size_t i = 0; rc == 0 && i < NAMES_MAX && list_next(&list, &item); i++) {
        const uint8_t *blank = list_name(item, "", &words) ? memchr(words.p, ' ', words.n) : NULL;
        size_t n = blank != NULL ? (size_t)(blank - words.p) : 0;
        if (blank == NULL) {
            h->answers = true;
        } else {
            rc = take_holder(c, (struct bytes){words.p, n}, (struct bytes){blank + 1, words.n - n - 1}, h, err);
        }
    }
    return rc;
}

static void take_untold(struct verdict_case *c, const struct row *model, const struct held_by *h) {
    verdict_found(c, VERDICT_UNKNOWN, model, name_of(model),
                  SAY_WITH(MODEL_UNTOLD, message_name("model", name_of(model)), message_name("runtime", h->silent)));
    lead(c, VERDICT_UNKNOWN, &ask_again);
    for (size_t i = 0; c->state == VERDICT_UNKNOWN && i < h->reason.n_seqs; i++) {
        reason_cite(&c->reason, h->reason.seqs[i], 0);
    }
}

static int each_model(struct verdict_case *c, const struct row *row, struct err *err) {
    int64_t hashed = 0;
    struct checked file = {0};
    struct held_by h = {0};
    bool large = false, loaded = named_is(row, "state", "loaded");
    if (named_is(row, "state", "remote")) return take_remote(c, row, err);
    if (!loaded && !named_is(row, "state", "present")) return 0;
    int rc = read_digest(c, row, &hashed, err);
    if (rc == 0) rc = take_check(c, row, "model-file", hashed, &file, err);
    if (rc == 0) rc = take_check(c, row, "model-digest", 0, &file, err);
    if (rc == 0) rc = take_check(c, row, "ollama-blob", 0, &file, err);
    if (rc == 0) rc = take_size(c, row, &large, err);
    if (rc == 0) rc = read_holders(c, row, &h, err);
    if (rc != 0) return rc;
    bool silent = h.silent.n > 0 && !h.answers, untold = silent && !file.known;
    c->there += !untold;
    c->loaded += loaded && !silent && (h.loaded || h.silent.n == 0);
    if (untold) take_untold(c, row, &h);
    if (!file.bad && !large && !untold) verdict_found(c, VERDICT_PASS, row, name_of(row), SAY(NONE));
    return 0;
}

/* ---- names that moved ---- */

/* Was the name evaluated: as what it led to before it moved, and as what it leads to now? */
struct proven {
    bool before, now;
    int64_t seq;
};

static int read_evals(struct verdict_case *c, const struct row *name, struct proven *ret, struct err *err) {
    struct state_rows *rows = NULL;
    const struct row *row;
    int rc = look_rows(c->view, "evals", NULL, 0, &rows, err);
    while (rc == 0 && rows != NULL && (rc = state_rows_next(rows, &row, err)) == 0) {
        struct bytes digest = named_text(row, "digest");
        if (!bytes_eq(named_text(row, "model"), named_text(name, "model")) || !named_bool(row, "counts")) continue;
        ret->now = ret->now || bytes_eq(digest, named_text(name, "digest"));
        if (bytes_eq(digest, named_text(name, "digest_before")) &&
            named_int(row, "finished_seq") < named_int(name, "moved_seq")) {
            ret->before = true;
            ret->seq = named_int(row, "finished_seq");
        }
    }
    state_rows_close(rows);
    return rc < 0 ? rc : 0;
}

static int each_name(struct verdict_case *c, const struct row *row, struct err *err) {
    struct proven proven = {0};
    bool seen = false;
    if (!named_is(row, "state", "present") || named_int(row, "moved") == 0 || named_bool(row, "remote")) return 0;
    int rc = read_evals(c, row, &proven, err);
    if (rc != 0 || !proven.before || proven.now) return rc;
    struct bytes name = named_text(row, "model");
    snprintf(c->target, sizeof(c->target), "%.*s", REASON_NAME(name));
    rc = verdict_seen_to(c, "models", c->target, named_int(row, "moved_seq"), &seen, err);
    if (rc != 0 || seen) return rc;
    verdict_found(c, VERDICT_WARN, row, name, SAY_WITH(MODEL_MOVED, message_name("model", name)));
    lead(c, VERDICT_WARN, &look_at_it);
    if (c->state == VERDICT_WARN) {
        reason_cite(&c->reason, (uint64_t)named_int(row, "moved_seq"), 0);
        reason_cite(&c->reason, (uint64_t)proven.seq, 0);
    }
    return 0;
}

/* ---- the clause ---- */

int verdict_is_of_models(struct verdict_case *c, const struct row *check, bool *ret, struct err *err) {
    static const char *const own[] = {"runtime", "runtimes-usual", "model-file", "model-digest"};
    const struct bytes digest = named_text(check, "target");
    struct row model;
    *ret = false;
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]) && !*ret; i++) {
        *ret = named_is(check, "check", own[i]);
    }
    if (*ret || !named_is(check, "check", "ollama-blob") || digest.n == 0) return 0;
    int rc = look_stored(c->view, "models", &digest, 1, &model, ret, err);
    row_done(&model);
    return rc;
}

static int was_looked(struct verdict_case *c, bool *ret, struct err *err) {
    const struct bytes key[] = {bytes_of("probe"), bytes_of("models")};
    struct row row;
    bool there = false;
    int rc = verdict_look(c, "checks", key, 2, &row, &there, err);
    *ret = rc == 0 && there && named_is(&row, "status", "ok") && verdict_of_late(c, named_int(&row, "at"), DAYS);
    row_done(&row);
    return rc < 0 ? rc : 0;
}

int verdict_models(struct verdict_case *c, struct err *err) {
    struct models_room room = {0};
    bool looked = false;
    int rc = read_room(c, &room, err);
    c->room = &room;
    if (rc == 0) rc = verdict_each_apart(c, "models", each_model, err);
    if (rc == 0) rc = verdict_each_apart(c, "model_names", each_name, err);
    if (rc == 0) rc = was_looked(c, &looked, err);
    c->room = NULL;
    capability_done(&room.tier);
    if (rc != 0) return rc;
    if (c->found == 0) {
        verdict_leave_out(c, SAY(NO_MODELS));
    } else if (!looked) {
        verdict_found(c, VERDICT_UNKNOWN, NULL, bytes_of(""), SAY(MODELS_UNSEEN));
    }
    verdict_passes(c,
                   SAY_WITH(MODELS_THERE, message_int("n", (int64_t)c->there), message_int("loaded", (int64_t)c->loaded)));
    return 0;
}
