/* Two questions, in this order, each first for a scope of everything, then for the one path that the arguments name:
 *
 *   1. is the call a permitted use of its tool's permission (of tool/mcp__SERVER__TOOL or server/SERVER), and does no newer
 *      decision about the agent refuse it?       permission.used, run.tool_called
 *   2. is it a permitted call, as by a grant for the agent?                   run.tool_called
 *
 * Before either: the policy's rule lets its arguments and its rate pass. After: the definition of the tool is the one that the
 * grant was given for, that is, the newest that was observed before the grant; for a grant that is older than any observation,
 * the first one that was. A refusal is not recorded as a decision about the permission, which would refuse every later call
 * until a newer grant; what lacks a permission is recorded as a request for it.
 *
 * The tier that the policies judge is in both events, so it is guessed, compared by the judge, and guessed again. */
#include "capture/tap/judge.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mp.h"
#include "base/secret/secret.h"
#include "capture/tap/known.h"
#include "ledger/kinds/scope.h"
#include "projections/act/checked.h"
#include "projections/attest/advance.h"
#include "projections/decide/decide.h"
#include "projections/permissions/limits.h"
#include "projections/permissions/permitted.h"
#include "projections/permissions/tiers.h"

#define TRIES      12
#define RATES_MAX  4096            /* calls that are remembered for rates */
#define RATES_BACK UINT64_C(65536) /* events of the log that are read for them at first */
#define NAME_MAX_  128             /* bytes of a tool's name, by the protocol */
#define MINUTE_NS  UINT64_C(60000000000)
#define NS_PER_MS  UINT64_C(1000000)
#define HOLDERS    3
/* Events that are folded for each call before they are stored: in a pause, and between calls that come one after the other. */
#define LAG_PAUSE 8
#define LAG_MAX   32
#define LOOK      8 /* calls that pass before it is looked whether that many are there: the answer may be on its way */

enum question { BY_USE, BY_CALL, QUESTIONS };

struct rate {
    uint64_t hash, time;
};

struct tap_link {
    struct tap_judge *judge;
    const struct tap_names *names;
    /* Under the judge's lock. */
    struct tap_lists lists;
    struct {
        uint8_t id[RPC_ID_LEN];
        bool there;
    } asked[TAP_ASKED_MAX]; /* by the server; a ring */
    size_t next_asked, n_asked;
    uint64_t n; /* calls */
};

struct tap_judge {
    struct ledger *ledger;
    pthread_mutex_t lock;
    struct known known;
    struct state_view *view; /* of the call before; NULL: none is kept */
    struct tap_draft use, call;
    struct rate *rates; /* a ring */
    size_t next_rate;
    uint64_t scanned;         /* events of the log that were read for it */
    unsigned unrested;        /* calls since states were stored, or not */
    const char *group, *tier; /* of the newest call */
    /* Of one call. */
    const struct tap_link *link;
    const struct tap_names *names;
    enum question asks;
    struct bytes tool, arguments;
    struct bytes path, scope; /* that the arguments name; that is asked for. Empty: none; everything */
    char full[TAP_TOOL_LEN], holder[HOLDERS][TAP_TOOL_LEN + 16];
    const uint8_t *digest, *paged; /* of the tool in the last complete list; on a page since, or NULL */
    const char *error, *real_tier;
    bool lacks, retry;
    struct log_draft use_draft, call_draft;
};

int tap_judge_new(const char *server, struct ledger *ledger, struct tap_judge **ret, struct err *err) {
    struct tap_judge *j = calloc(1, sizeof(*j));
    struct rate *rates = calloc(RATES_MAX, sizeof(*rates));
    if (j == NULL || rates == NULL) {
        free(rates);
        free(j);
        return err_set(err, ERR_NOMEM, "no memory for the judge");
    }
    j->rates = rates;
    j->ledger = ledger;
    pthread_mutex_init(&j->lock, NULL);
    tap_draft_init(&j->use);
    tap_draft_init(&j->call);
    int rc = known_load(ledger, server, KNOWN_MAX, &j->known, err);
    if (rc != 0) {
        tap_judge_free(j);
        return rc;
    }
    *ret = j;
    return 0;
}

void tap_judge_free(struct tap_judge *j) {
    if (j == NULL) return;
    state_close(j->view);
    known_done(&j->known);
    tap_draft_done(&j->use);
    tap_draft_done(&j->call);
    pthread_mutex_destroy(&j->lock);
    free(j->rates);
    free(j);
}

struct tap_link *tap_link_new(struct tap_judge *judge, const struct tap_names *names) {
    struct tap_link *l = calloc(1, sizeof(*l));
    if (l == NULL) return NULL;
    l->judge = judge;
    l->names = names;
    tap_lists_init(&l->lists);
    return l;
}

void tap_link_free(struct tap_link *l) {
    if (l == NULL) return;
    tap_lists_done(&l->lists);
    free(l);
}

int tap_judge_see(struct tap_link *l, enum tap_side side, const struct rpc_message *message, struct err *err) {
    struct tap_judge *j = l->judge;
    struct log_head head;
    bool listed = false;
    pthread_mutex_lock(&j->lock);
    if (side == TAP_SERVER && message->form == RPC_REQUEST) {
        rpc_message_id(message->id, 0, l->asked[l->next_asked].id);
        l->asked[l->next_asked].there = true;
        l->next_asked = (l->next_asked + 1) % TAP_ASKED_MAX;
        l->n_asked += l->n_asked < TAP_ASKED_MAX;
    }
    int rc = tap_lists_take(&l->lists, side, message, &listed, err);
    const struct tap_tools *now = &l->lists.part;
    if (rc == 0 && listed && (j->known.n == 0 || memcmp(j->known.items[0].tools.digest, now->digest, HASH_LEN) != 0)) {
        rc = log_head(j->ledger, &head, err);
        if (rc == 0) rc = known_add(&j->known, head.size, now, err);
    }
    pthread_mutex_unlock(&j->lock);
    return rc;
}

bool tap_judge_answers(struct tap_link *l, const struct rpc_message *answer) {
    uint8_t id[RPC_ID_LEN];
    bool found = false;
    rpc_message_id(answer->id, 0, id);
    pthread_mutex_lock(&l->judge->lock);
    for (size_t i = 0; answer->id.n > 0 && !found && i < l->n_asked; i++) {
        found = l->asked[i].there && memcmp(l->asked[i].id, id, RPC_ID_LEN) == 0;
        if (found) l->asked[i].there = false;
    }
    pthread_mutex_unlock(&l->judge->lock);
    return found;
}

/* ---- what the judge asks ---- */

static uint64_t hash_of(struct bytes tool) {
    uint8_t digest[HASH_LEN];
    hash_parts(digest, &tool, 1);
    return be64_get(digest);
}

/* Reads the calls of this server that the log has gained since. */
static int scan(struct tap_judge *j, uint64_t size, struct err *err) {
    struct log_reader *reader = NULL;
    struct log_event event;
    uint64_t from = size > RATES_BACK && j->scanned < size - RATES_BACK ? size - RATES_BACK : j->scanned;
    int rc = from >= size ? 1 : log_reader_open(j->ledger, from, size, &reader, err);
    while (rc == 0 && (rc = log_reader_next(reader, &event, err)) == 0) {
        struct bytes tool = bytes_is(event.kind, "run.tool_called") ? mp_get_text(event.body, "tool") : (struct bytes){0};
        if (tool.n == 0) continue;
        j->rates[j->next_rate] = (struct rate){hash_of(tool), event.time};
        j->next_rate = (j->next_rate + 1) % RATES_MAX;
    }
    log_reader_close(reader);
    if (rc == 1) j->scanned = size;
    return rc == 1 ? 0 : rc;
}

static int judge_rate(struct tap_judge *j, struct state_view *view, const struct limits_answer *limits,
                      struct decision *ret, struct err *err) {
    uint64_t now = state_now(view), newest = 0, n = 0, hash = hash_of(bytes_of(j->full));
    if (limits->calls_a_minute == 0 && limits->cooldown_ms == 0) return 0;
    int rc = scan(j, state_at(view), err);
    for (size_t i = 0; i < RATES_MAX; i++) {
        if (j->rates[i].hash != hash || j->rates[i].time == 0) continue;
        newest = j->rates[i].time > newest ? j->rates[i].time : newest;
        n += j->rates[i].time + MINUTE_NS > now;
    }
    if (rc == 0 && limits->calls_a_minute > 0 &&
        n >= (limits->calls_a_minute < RATES_MAX ? limits->calls_a_minute : RATES_MAX)) {
        decide_no(ret, "%llu calls in the last minute, %llu are allowed, by %s", (unsigned long long)n,
                  (unsigned long long)limits->calls_a_minute, limits->rule);
    } else if (rc == 0 && newest > 0 && limits->cooldown_ms > 0 && limits->cooldown_ms < UINT64_MAX / NS_PER_MS / 2 &&
               now < newest + limits->cooldown_ms * NS_PER_MS) {
        decide_no(ret, "the call before it was less than %llu ms ago, by %s", (unsigned long long)limits->cooldown_ms,
                  limits->rule);
    } else if (rc == 0 && newest > 0 && limits->cooldown_ms >= UINT64_MAX / NS_PER_MS / 2) {
        decide_no(ret, "it was called before, by %s", limits->rule);
    }
    return rc;
}

static int judge_policy(struct tap_judge *j, struct state_view *view, struct decision *ret, struct err *err) {
    const struct limits_call call = {.call = {.tool = bytes_of(j->full),
                                              .server = bytes_of(j->names->server),
                                              .agent = bytes_of(j->names->agent),
                                              .group = bytes_of(j->group)},
                                     .arguments = j->arguments};
    struct limits_answer limits;
    struct tiers_answer tier;
    int rc = tiers_judge(view, &call.call, &tier, err);
    if (rc != 0) return rc;
    j->real_tier = tiers_word(tier.tier);
    if (strcmp(j->real_tier != NULL ? j->real_tier : "", j->tier != NULL ? j->tier : "") != 0) {
        j->retry = true;
        decide_no(ret, "the policies keep changing");
        return 0;
    }
    rc = limits_judge(view, &call, &limits, err);
    if (rc == 0 && limits.forbidden) {
        decide_no(ret, "%s", limits.why);
        decide_cite(ret, limits.seq);
    }
    if (rc == 0 && ret->yes) rc = judge_rate(j, view, &limits, ret, err);
    if (rc == 0 && !ret->yes) j->error = "policy";
    return rc;
}

/* Is the permission held by any of the three, as decisions about them together say? *ret_grant: the newest grant. */
static int judge_held(struct tap_judge *j, struct state_view *view, struct decision *ret, uint64_t *ret_grant,
                      struct err *err) {
    struct bytes who[HOLDERS];
    size_t n = 0;
    const struct decide_use use = {.group = bytes_of(j->group),
                                   .scope = j->scope,
                                   .tier = bytes_of(j->tier),
                                   .session = bytes_of(j->names->run),
                                   .run = bytes_of(j->names->run),
                                   .of_session = true,
                                   .one = true,
                                   .call = j->asks == BY_CALL};
    for (size_t i = 0; i < HOLDERS; i++) {
        if (j->holder[i][0] != '\0') who[n++] = bytes_of(j->holder[i]);
    }
    int rc = decide_is_permitted_any(view, who, n, &use, ret, err);
    for (size_t i = 0; rc == 0 && ret->yes && i < n; i++) {
        struct permitted one = {0};
        rc = permitted_ask(view, who[i], &use, &one, err);
        bool holds = rc == 0 && one.fault == NULL && one.decision.yes && one.ground == GROUND_HOLDS && one.seq >= 0;
        if (holds && (*ret_grant == LOG_NO_SEQ || (uint64_t)one.seq > *ret_grant)) *ret_grant = (uint64_t)one.seq;
    }
    return rc;
}

/* The digest that the tool had when it was granted. */
static const uint8_t *granted_digest(const struct tap_judge *j, uint64_t grant) {
    const uint8_t *oldest = NULL;
    for (size_t i = 0; i < j->known.n; i++) {
        const struct tap_tool *tool = tap_tools_find(&j->known.items[i].tools, j->tool);
        if (tool == NULL) continue;
        oldest = tool->digest;
        if (j->known.items[i].seq <= grant) return tool->digest;
    }
    return oldest;
}

static void judge_definition(struct tap_judge *j, uint64_t grant, struct decision *ret) {
    const uint8_t *then = grant != LOG_NO_SEQ ? granted_digest(j, grant) : NULL;
    bool is = then != NULL && memcmp(then, j->digest, HASH_LEN) == 0;
    if (is && (j->paged == NULL || memcmp(then, j->paged, HASH_LEN) == 0)) return;
    j->error = "definition";
    if (is) {
        decide_no(ret, "a page of a list that was not completed had another definition of '%s'; list the tools again",
                  j->full);
        return;
    }
    decide_no(ret, "the definition of '%s' is not the one that was granted; look at it, then grant it again", j->full);
    if (grant != LOG_NO_SEQ) decide_cite(ret, grant);
}

static int may(void *ctx, struct state_view *view, struct decision *ret, struct err *err) {
    struct tap_judge *j = ctx;
    uint64_t grant = LOG_NO_SEQ;
    j->lacks = j->retry = false;
    j->error = "permission";
    int rc = judge_policy(j, view, ret, err);
    if (rc != 0 || !ret->yes) return rc;
    rc = judge_held(j, view, ret, &grant, err);
    if (rc == 0 && ret->yes) {
        rc = decide_may_append_now(view, j->asks == BY_USE ? &j->use_draft : &j->call_draft, ret, err);
    }
    if (rc == 0 && !ret->yes) j->lacks = true;
    if (rc == 0 && ret->yes) judge_definition(j, grant, ret);
    return rc;
}

/* ---- one call ---- */

static void base_draft(const struct tap_judge *j, struct tap_draft *d, const char *kind, const char *key, uint64_t at) {
    tap_draft_begin(d, kind, "measured", at);
    memcpy(d->run, j->names->run, TAP_RUN_LEN);
    (void)snprintf(d->actor, sizeof(d->actor), j->names->agent != NULL ? "agent:%s" : "service:tap", j->names->agent);
    (void)snprintf(d->key, sizeof(d->key), "%s:%s:%llu", j->names->run, key, (unsigned long long)j->link->n);
}

static int to_log(struct tap_draft *d, struct log_draft *ret, struct err *err) {
    int rc = tap_draft_write(d, err);
    log_draft_init(ret);
    ret->kind = bytes_of(d->kind);
    ret->subject = bytes_of(d->subject);
    ret->actor = bytes_of(d->actor);
    ret->source = bytes_of(TAP_SOURCE);
    ret->grade = bytes_of(d->grade);
    ret->run = bytes_of(d->run);
    ret->key = bytes_of(d->key);
    ret->body = bytes_of_buf(&d->body);
    return rc;
}

static int make_drafts(struct tap_judge *j, const struct rpc_message *m, uint64_t at, struct err *err) {
    const struct tap_call call = {.id = m->id,
                                  .tool = j->tool,
                                  .params = m->params,
                                  .arguments = j->arguments,
                                  .full = j->full,
                                  .group = j->group,
                                  .tier = j->tier,
                                  .scope = j->scope,
                                  .agent = bytes_of(j->names->agent)};
    base_draft(j, &j->use, "permission.used", "use", at);
    tap_draft_subject(&j->use, "tool", j->full);
    mp_map_text(&j->use.fields, "group", bytes_of(j->group));
    mp_map_text(&j->use.fields, "scope", j->scope);
    mp_map_text(&j->use.fields, "tier", bytes_of(j->tier));
    mp_map_text(&j->use.fields, "tool", bytes_of(j->full));
    mp_map_text(&j->use.fields, "session", bytes_of(j->names->run));
    base_draft(j, &j->call, "run.tool_called", "call", at);
    tap_draft_subject(&j->call, "run", j->names->run);
    tap_call_draft(&j->call, j->names, &call);
    int rc = to_log(&j->use, &j->use_draft, err);
    return rc == 0 ? to_log(&j->call, &j->call_draft, err) : rc;
}

static int commit(struct tap_judge *j, struct decision *decision, struct err *err) {
    struct log_batch *batch = NULL;
    struct log_draft call = j->call_draft;
    if (j->asks == BY_USE) {
        call.cause_type = LOG_CAUSE_BATCH;
        call.cause = 0;
    }
    int rc = log_batch_new(j->ledger, &batch, err);
    if (rc == 0 && j->asks == BY_USE) rc = log_batch_add(batch, &j->use_draft, err);
    if (rc == 0) rc = log_batch_add(batch, &call, err);
    if (rc == 0) rc = checked_commit_again(j->ledger, batch, may, j, &j->view, NULL, decision, err);
    log_batch_free(batch);
    return rc;
}

/* The next question when one was answered with no; false: there is none. */
static bool next_question(struct tap_judge *j) {
    if (j->scope.n == 0 && j->path.n > 0) {
        j->scope = j->path;
        return true;
    }
    j->scope = (struct bytes){0};
    return j->asks++ == BY_USE;
}

static int ask(struct tap_judge *j, const struct rpc_message *m, struct decision *decision, uint64_t at, struct err *err) {
    struct decision first = {0};
    int rc = 0;
    for (int i = 0; i < TRIES; i++) {
        struct err why = {0};
        rc = make_drafts(j, m, at, &why);
        if (rc == 0) rc = commit(j, decision, &why);
        if (rc == ERR_CONFLICT && !decision->yes && j->retry) {
            j->tier = j->real_tier;
            continue;
        }
        bool lacks = rc == ERR_CONFLICT && !decision->yes && j->lacks;
        if (lacks && j->asks == BY_USE) first = *decision;
        if (lacks && next_question(j)) continue;
        if (lacks && first.reason[0] != '\0') *decision = first;
        if (rc != 0) (void)err_set(err, rc, "%s", why.msg);
        return rc;
    }
    return rc != 0 ? err_set(err, rc, "the policies keep changing") : 0;
}

static void refuse(struct tap_judged *room, struct tap_verdict *ret, const char *error, const char *words) {
    (void)snprintf(room->words, sizeof(room->words), "%s", words);
    *ret = (struct tap_verdict){.is = TAP_REFUSED, .error = error, .words = room->words};
}

/* What cannot be asked: a name that no grant could have, arguments that no rule could judge, a tool that nobody saw. */
static const char *fault_of(struct tap_judge *j, const struct rpc_message *m) {
    struct mp_item item;
    struct mp_reader r;
    mp_reader_init(&r, j->arguments);
    j->digest = j->paged = NULL;
    if (!rpc_is_name(j->tool, NAME_MAX_) || secret_is_in(j->tool) || !tap_names_tool(j->names, j->tool, j->full)) {
        return "the tool's name is not 1 to 128 letters, digits, '_', '-' and '.'";
    }
    if (rpc_member(m->params, "arguments").n > 0 && !mp_take(&r, MP_MAP, &item)) return "'arguments' is not an object";
    const struct tap_tool *tool = j->known.n > 0 ? tap_tools_find(&j->known.items[0].tools, j->tool) : NULL;
    if (tool == NULL) return "the server was not seen to offer this tool; list its tools first";
    if (j->link->lists.seen.cut) return "the server listed too many tools without an end; list its tools again";
    const struct tap_tool *paged = tap_tools_find(&j->link->lists.seen, j->tool);
    j->digest = tool->digest;
    j->paged = paged != NULL ? paged->digest : NULL;
    return NULL;
}

static void set_holders(struct tap_judge *j) {
    (void)snprintf(j->holder[0], sizeof(j->holder[0]), "tool/%s", j->full);
    (void)snprintf(j->holder[1], sizeof(j->holder[1]), "server/%s", j->names->server);
    (void)snprintf(j->holder[2], sizeof(j->holder[2]), j->names->agent != NULL ? "agent/%s" : "%s",
                   j->names->agent != NULL ? j->names->agent : "");
}

void tap_judge_call(struct tap_link *l, const struct rpc_message *m, struct tap_judged *room, struct tap_verdict *ret) {
    struct tap_judge *j = l->judge;
    struct decision decision;
    struct err err = {0};
    pthread_mutex_lock(&j->lock);
    decide_begin(&decision);
    j->link = l;
    j->names = l->names;
    j->tool = rpc_word(m->params, "name");
    j->arguments = rpc_member(m->params, "arguments");
    j->group = tap_names_group(j->names, j->tool);
    j->asks = BY_USE;
    j->scope = j->path = (struct bytes){0};
    if (strncmp(j->group, "filesystem.", strlen("filesystem.")) == 0) j->path = limits_path(j->arguments);
    if (secret_is_in(j->path)) j->path = j->scope; /* a scope cannot be masked */
    l->n++;
    const char *fault = fault_of(j, m);
    if (fault != NULL) {
        refuse(room, ret, "call", fault);
    } else {
        set_holders(j);
        int rc = ask(j, m, &decision, clock_wall_ns(), &err);
        if (rc == 0) {
            (void)snprintf(room->key, sizeof(room->key), "%s", j->call.key);
            *ret = (struct tap_verdict){.is = TAP_ALLOWED, .key = room->key};
        } else if (rc == ERR_CONFLICT && !decision.yes) {
            refuse(room, ret, j->error, decision.reason);
            ret->requested = j->lacks;
        } else {
            char words[sizeof(room->words)];
            (void)snprintf(words, sizeof(words), "it cannot be recorded: %.480s", err.msg);
            refuse(room, ret, "record", words);
        }
    }
    ret->group = j->group;
    ret->tier = j->tier;
    pthread_mutex_unlock(&j->lock);
}

void tap_judge_let_go(struct tap_judge *j) {
    pthread_mutex_lock(&j->lock);
    state_close(j->view);
    j->view = NULL;
    pthread_mutex_unlock(&j->lock);
}

void tap_judge_rest(struct tap_judge *j, bool pauses) {
    struct state_options options;
    state_options_init(&options);
    pthread_mutex_lock(&j->lock);
    bool looks = pauses || ++j->unrested >= LOOK;
    j->unrested = looks ? 0 : j->unrested;
    pthread_mutex_unlock(&j->lock);
    if (!looks) return;
    if (pauses) tap_judge_let_go(j);
    (void)attested_advance(j->ledger, &options, pauses ? LAG_PAUSE : LAG_MAX,
                           NULL); /* if it fails, the judge has more to fold */
}
