/* A call is a case: its messages or its text, after the system's, with the files that it names attached. What ended a call is
 * either the case's own limit, while the model was still answering, or a fault of the endpoint: then nothing is known of
 * the answer. */
#include "evals/run/endpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mp.h"
#include "base/text.h"

#define FILE_MAX     ((size_t)8 << 20)
#define PROMPT_MAX   ((size_t)16 << 20)
#define MESSAGES_MAX 256
#define IDENTIFY_MS  10000
#define ALIVE_MS     3000
#define NS_PER_MS    1e6
#define MILLION      1e6

struct lane {
    struct work_model *model;
    uint64_t token_ns; /* when the newest piece of the running answer came */
};

struct run_endpoint {
    struct lane lanes[RUN_LANES_MAX];
    unsigned lanes_n;
    enum work_protocol protocol;
    char model[WORK_MODEL_NAME_MAX], url[512];
    struct work_stop stop;
    struct run_binding route;
    char weights[1024]; /* file of them; "": none is named */
    bool off_box;
    bool bound, stated; /* it was asked what it is, and said so */
};

/* ---- what a case says -------------------------------------------------------------------------------------------------- */

void run_prompt_put(const struct suite_case *one, struct buf *out) {
    if (one->system.n > 0) {
        buf_put_str(out, "system: ");
        buf_put_bytes(out, one->system);
        buf_put_u8(out, '\n');
    }
    for (size_t i = 0; i < one->messages_n; i++) {
        buf_put_bytes(out, one->messages[i].role);
        buf_put_str(out, ": ");
        buf_put_bytes(out, one->messages[i].text);
        buf_put_u8(out, '\n');
    }
    buf_put_bytes(out, one->text);
}

/* As it was when the suite was read, or not at all. */
static int attach(const struct suite *suite, const struct suite_file *file, struct buf *out, struct err *err) {
    char name[FILE_PATH_MAX], path[FILE_PATH_MAX];
    struct buf content = {.max = FILE_MAX};
    uint8_t digest[HASH_LEN];
    (void)snprintf(name, sizeof(name), "%.*s", (int)(file->path.n < sizeof(name) ? file->path.n : 0),
                   (const char *)file->path.p);
    int rc = file_join(path, suite->directory, name, err);
    if (rc == 0) rc = file_read_regular(path, &content, err);
    const struct bytes whole = bytes_of_buf(&content);
    hash_parts(digest, &whole, 1);
    if (rc == 0 && memcmp(digest, file->digest, HASH_LEN) != 0) {
        rc = err_set(err, ERR_CONFLICT, "'%s' has changed since the suite was read", name);
    }
    if (rc == 0 && text_utf8_valid(whole.p, whole.n) != whole.n) {
        rc = err_set(err, ERR_INVALID, "'%s' is not text, which a model could be given", name);
    }
    if (rc == 0) {
        buf_put_str(out, out->n > 0 ? "\n\n" : "");
        buf_put_bytes(out, file->name);
        buf_put_str(out, ":\n");
        buf_put_bytes(out, whole);
        rc = buf_check(out, "a prompt", err);
    }
    buf_done(&content);
    return rc;
}

struct prompt {
    struct work_message messages[MESSAGES_MAX];
    char roles[MESSAGES_MAX][16];
    size_t n;
    struct buf last; /* the last message with what is attached to it */
};

static int add_message(struct prompt *p, struct bytes role, struct bytes text, struct err *err) {
    if (p->n == MESSAGES_MAX) return err_set(err, ERR_LIMIT, "more than %d messages", MESSAGES_MAX);
    (void)snprintf(p->roles[p->n], sizeof(p->roles[0]), "%.*s", (int)(role.n < 15 ? role.n : 15), (const char *)role.p);
    p->messages[p->n] = (struct work_message){p->roles[p->n], text};
    p->n++;
    return 0;
}

static int make_prompt(const struct suite *suite, const struct suite_case *one, struct prompt *p, struct err *err) {
    if (one->messages_n == 0 && one->text.n == 0 && one->files_n == 0) {
        return err_set(err, ERR_INVALID, "the case has neither a text nor messages nor files, so a model is asked nothing");
    }
    int rc = one->system.n > 0 ? add_message(p, bytes_of("system"), one->system, err) : 0;
    for (size_t i = 0; rc == 0 && i < one->messages_n; i++) {
        rc = add_message(p, one->messages[i].role, one->messages[i].text, err);
    }
    if (rc == 0 && one->messages_n == 0) rc = add_message(p, bytes_of("user"), one->text, err);
    if (rc == 0 && one->files_n > 0) {
        p->last.max = PROMPT_MAX;
        buf_put_bytes(&p->last, p->messages[p->n - 1].text);
        for (size_t i = 0; rc == 0 && i < one->files_n; i++) {
            rc = attach(suite, &one->files[i], &p->last, err);
        }
        p->messages[p->n - 1].text = bytes_of_buf(&p->last);
    }
    return rc;
}

/* The suite's settings, with the seed of this repeat. */
static int put_settings(const struct suite *suite, const struct suite_case *one, uint64_t repeat, struct buf *out,
                        struct err *err) {
    struct bytes settings = suite->settings;
    if (!one->seeded) {
        buf_put_bytes(out, settings);
        return buf_check(out, "settings", err);
    }
    struct buf mp = {.max = (size_t)1 << 20}, whole = {.max = (size_t)1 << 20};
    struct mp_reader r;
    struct mp_item head = {0}, key;
    struct bytes raw;
    int rc = json_to_mp(settings.n > 0 ? settings : bytes_of("{}"), &mp, err);
    mp_reader_init(&r, bytes_of_buf(&mp));
    bool map = rc == 0 && mp_take(&r, MP_MAP, &head);
    bool there = map && mp_map_get(bytes_of_buf(&mp), "seed", &raw) == 0;
    mp_put_map(&whole, (map ? head.count : 0) + (there ? 0 : 1));
    mp_put_text(&whole, "seed");
    mp_put_int(&whole, (int64_t)((uint64_t)one->seed + repeat));
    for (uint32_t i = 0; map && i < head.count; i++) {
        if (!mp_take(&r, MP_STR, &key) || mp_skip(&r, 1, &raw, NULL) != 0) break;
        if (bytes_is(key.data, "seed")) continue;
        mp_put_str(&whole, key.data);
        buf_put_bytes(&whole, raw);
    }
    if (rc == 0) rc = json_from_mp(bytes_of_buf(&whole), JSON_LINE, out, err);
    buf_done(&mp);
    buf_done(&whole);
    return rc;
}

/* ---- what came of a call ------------------------------------------------------------------------------------------------ */

static int on_piece(void *ctx, struct bytes text, struct err *err) {
    struct lane *lane = ctx;
    (void)text;
    (void)err;
    lane->token_ns = clock_monotonic_ns();
    return 0;
}

/* It was still answering when its time was up: the last piece came in the second half of it. */
static bool was_answering(const struct lane *lane, uint64_t begun, uint64_t timeout_ms) {
    uint64_t now = clock_monotonic_ns();
    return timeout_ms > 0 && lane->token_ns > begun && now - lane->token_ns < (now - begun) / 2 &&
           now - begun >= timeout_ms * UINT64_C(900000); /* clocks round */
}

static uint64_t known(uint64_t n) {
    return n == WORK_UNKNOWN ? SAMPLE_ABSENT : n;
}

static double cost_of(const struct suite *suite, const struct work_model_result *r) {
    if (suite->prompt_price <= 0 && suite->completion_price <= 0) return NAN;
    if (r->prompt_tokens == WORK_UNKNOWN || r->completion_tokens == WORK_UNKNOWN) return NAN;
    return ((double)r->prompt_tokens * suite->prompt_price + (double)r->completion_tokens * suite->completion_price) /
           MILLION;
}

bool endpoint_is_away(const struct work_model_result *r) {
    return r->end == WORK_CALL_UNREACHABLE || (r->end == WORK_CALL_TIMEOUT && !r->sent) || r->status == 429 ||
           r->status == 503;
}

static enum run_fault fault_of(const struct work_model_result *r) {
    return endpoint_is_away(r)           ? RUN_FAULT_AWAY
           : r->end == WORK_CALL_CUT     ? RUN_FAULT_CUT
           : r->end == WORK_CALL_TIMEOUT ? RUN_FAULT_SILENT
                                         : RUN_FAULT_NONE;
}

static void take_result(const struct suite *suite, struct work_model_result *r, bool answering, struct run_answer *ret) {
    ret->end = r->end == WORK_CALL_OK ? RUN_ANSWERED : r->end == WORK_CALL_TIMEOUT && answering ? RUN_LIMITED : RUN_ERRED;
    ret->fault = ret->end == RUN_ERRED ? fault_of(r) : RUN_FAULT_NONE;
    ret->wait_ms = (uint64_t)r->retry_after_s * 1000;
    (void)snprintf(ret->why, sizeof(ret->why), "%.500s", r->end == WORK_CALL_OK ? "" : r->why);
    ret->output = r->text;
    r->text = (struct buf){0};
    ret->latency_ms = (double)r->answer_ns / NS_PER_MS;
    ret->first_ms = r->first_ns != WORK_UNKNOWN ? (double)r->first_ns / NS_PER_MS : NAN;
    ret->tokens_in = known(r->prompt_tokens);
    ret->tokens_out = known(r->completion_tokens);
    ret->cost = cost_of(suite, r);
    ret->attempts = r->attempts_n;
    (void)snprintf(ret->finish, sizeof(ret->finish), "%s", r->finish);
}

/* Ollama names the model as it was asked for; a name without a tag is ":latest". Servers of OpenAI's protocol name what they like:
 * a dated snapshot, a file's path. An answer without a name is of the one that was asked. */
static bool is_of(const char *asked, const char *served) {
    const size_t a = strlen(asked), s = strlen(served), most = a > s ? a : s, least = a > s ? s : a;
    const char *longer = a > s ? asked : served;
    return s == 0 || (memcmp(asked, served, least) == 0 && (most == least || strcmp(longer + least, ":latest") == 0));
}

/* Whose answer it is, is not known: so nothing is known of the one that was asked. */
static void check_served(const struct run_endpoint *e, const struct work_model_result *r, struct run_answer *ret) {
    const char *served = is_of(e->model, r->served) ? r->served_too : r->served;
    if (e->protocol != WORK_OLLAMA || ret->end != RUN_ANSWERED || is_of(e->model, served)) return;
    ret->end = RUN_ERRED;
    (void)snprintf(ret->why, sizeof(ret->why), "the answer is of model '%.200s', not of '%.200s'", served, e->model);
}

static uint32_t limit_ms(const struct suite_case *one) {
    return one->timeout_ms == SUITE_ABSENT ? 0 : one->timeout_ms < UINT32_MAX ? (uint32_t)one->timeout_ms : UINT32_MAX;
}

static int ask(struct run_endpoint *e, struct lane *lane, const struct suite *suite, const struct suite_case *one,
               const struct prompt *p, struct bytes options, struct run_answer *ret, struct err *err) {
    struct work_model_result result;
    const uint32_t most = limit_ms(one);
    const struct work_model_request request = {.operation = WORK_CHAT,
                                               .model = e->model,
                                               .messages = p->messages,
                                               .messages_n = p->n,
                                               .options = options,
                                               .max_tokens = suite->max_tokens,
                                               .limit = {.total_ms = most},
                                               .stop = e->stop,
                                               .piece = on_piece,
                                               .piece_ctx = lane};
    const uint64_t begun = clock_monotonic_ns();
    lane->token_ns = 0;
    int rc = work_model_call(lane->model, &request, &result, err);
    if (rc == 0) take_result(suite, &result, was_answering(lane, begun, most), ret);
    if (rc == 0) check_served(e, &result, ret);
    work_model_result_done(&result);
    return rc;
}

static int answer(void *ctx, unsigned number, const struct suite *suite, const struct suite_case *one, uint64_t repeat,
                  struct run_answer *ret, struct err *err) {
    struct run_endpoint *e = ctx;
    struct prompt *p = calloc(1, sizeof(*p));
    struct buf options = {.max = (size_t)1 << 20};
    struct err why = {0};
    *ret = (struct run_answer){.end = RUN_ERRED,
                               .latency_ms = NAN,
                               .first_ms = NAN,
                               .cost = NAN,
                               .tokens_in = SAMPLE_ABSENT,
                               .tokens_out = SAMPLE_ABSENT};
    int rc = p != NULL ? make_prompt(suite, one, p, &why) : err_set(&why, ERR_NOMEM, "no memory for a prompt");
    if (rc == 0) rc = put_settings(suite, one, repeat, &options, &why);
    if (rc == 0) rc = ask(e, &e->lanes[number], suite, one, p, bytes_of_buf(&options), ret, &why);
    if (rc == ERR_NOMEM) {
        err_set(err, rc, "%s", why.msg);
    } else if (rc != 0) { /* this case alone */
        (void)snprintf(ret->why, sizeof(ret->why), "%.500s", why.msg);
        rc = 0;
    }
    if (p != NULL) buf_done(&p->last);
    buf_done(&options);
    free(p);
    return rc;
}

/* ---- what it is --------------------------------------------------------------------------------------------------------- */

/* What is asked of it must be allowed to leave, and somebody must be there; a model that the server says it does not have is
 * no subject. What it was known to be is not unknown because it does not serve now. */
static int check_identity(const struct run_endpoint *e, const struct work_identity *is, struct err *err) {
    const bool gone = is->end == WORK_CALL_NO_MODEL && e->protocol == WORK_OLLAMA;
    if (is->end == WORK_CALL_OFF_BOX || (is->remote && !e->off_box)) {
        return err_set(err, ERR_INVALID,
                       "%s: %s, and nothing was sent; expected: --off-box, which lets the questions leave this box", e->url,
                       is->remote ? "another host computes the answers of this model" : "not on this box");
    }
    if (is->end != WORK_CALL_OK && is->status == 0) return err_set(err, ERR_NET, "%s", is->why);
    if (gone && !e->bound) return err_set(err, ERR_NOTFOUND, "%s", is->why);
    if (is->end != WORK_CALL_OK && !gone && e->stated) return err_set(err, ERR_NET, "%s", is->why);
    return 0;
}

static int put_hash(void *ctx, struct bytes part, struct err *err) {
    (void)err;
    hash_put(ctx, part.p, part.n);
    return 0;
}

/* The file as it is now; that the server has loaded these bytes is what it says, or what was said of it. */
static int hash_weights(const char *path, char ret[RUN_DIGEST_MAX], struct err *err) {
    struct stat st;
    uint8_t digest[HASH_LEN];
    char hex[2 * HASH_LEN + 1];
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        err_set(err, ERR_INVALID, "%s: %s", path, fd >= 0 ? "not a regular file" : strerror(errno));
        if (fd >= 0) close(fd);
        return ERR_INVALID;
    }
    struct hash *hash = hash_new();
    int rc = hash != NULL ? file_read_back(fd, (uint64_t)st.st_size, put_hash, hash, err)
                          : err_set(err, ERR_NOMEM, "no memory for a digest");
    if (rc == 0) {
        hash_end(hash, digest);
        text_hex(hex, digest, HASH_LEN);
        (void)snprintf(ret, RUN_DIGEST_MAX, "sha256:%s", hex);
    }
    hash_free(hash);
    close(fd);
    return rc != 0 ? err_prefix(err, "%s", path) : 0;
}

/* A file that was named must be there; one that the server names may be another user's. */
static int bind_weights(const struct run_endpoint *e, const struct work_identity *is, struct run_binding *ret,
                        struct err *err) {
    const bool named = e->weights[0] != '\0';
    struct err why = {0};
    if (ret->digest[0] != '\0') {
        ret->digest_from = "runtime";
        return named
                   ? err_set(err, ERR_INVALID, "%s states the digest of its weights itself; expected: no --weights", e->url)
                   : 0;
    }
    if (!named && is->path[0] == '\0') return 0;
    (void)snprintf(ret->weights_path, sizeof(ret->weights_path), "%s", named ? e->weights : is->path);
    int rc = hash_weights(ret->weights_path, ret->digest, &why);
    if (rc != 0 && (named || rc == ERR_NOMEM)) return err_set(err, rc, "%s", why.msg);
    ret->stated = rc == 0;
    ret->digest_from = rc != 0 ? NULL : named ? RUN_WEIGHTS_GIVEN : "file";
    if (rc != 0) ret->weights_path[0] = '\0';
    return 0;
}

static int bind_endpoint(void *ctx, struct run_binding *ret, struct err *err) {
    struct run_endpoint *e = ctx;
    struct work_identity *is = calloc(1, sizeof(*is));
    if (is == NULL) return err_set(err, ERR_NOMEM, "no memory for the identity of a model");
    int rc = work_model_identify(e->lanes[0].model, e->model, IDENTIFY_MS, &e->stop, is, err);
    if (rc == 0) rc = check_identity(e, is, err);
    if (rc == 0) {
        *ret = e->route;
        (void)snprintf(ret->model, sizeof(ret->model), "%s", e->model);
        (void)snprintf(ret->runtime, sizeof(ret->runtime), "%s", e->protocol == WORK_OPENAI ? "openai" : "ollama");
        (void)snprintf(ret->endpoint, sizeof(ret->endpoint), "%s", e->url);
        if (is->end == WORK_CALL_OK) {
            (void)snprintf(ret->digest, sizeof(ret->digest), "%s", is->weights[0] != '\0' ? is->weights : is->manifest);
            (void)snprintf(ret->listed, sizeof(ret->listed), "%s", is->name[0] != '\0' ? is->name : e->model);
            (void)snprintf(ret->manifest, sizeof(ret->manifest), "%s", is->manifest);
            ret->stated = is->weights[0] != '\0';
            rc = bind_weights(e, is, ret, err);
        }
        e->bound = true;
        e->stated = e->stated || ret->digest[0] != '\0';
    }
    free(is);
    return rc;
}

/* Any answer of HTTP will do. */
static bool is_alive(void *ctx, unsigned number) {
    struct run_endpoint *e = ctx;
    struct work_identity *is = calloc(1, sizeof(*is));
    struct err err = {0};
    bool alive = is == NULL || work_model_identify(e->lanes[number].model, e->model, ALIVE_MS, &e->stop, is, &err) != 0 ||
                 is->status != 0;
    free(is);
    return alive;
}

struct run_subject run_endpoint_subject(struct run_endpoint *endpoint) {
    return (struct run_subject){
        .target = {.ctx = endpoint, .lanes_max = endpoint->lanes_n, .answer = answer, .alive = is_alive},
        .bind = bind_endpoint};
}

int run_endpoint_open(const struct run_endpoint_options *options, struct run_endpoint **ret, struct err *err) {
    const struct work_endpoint at = {.protocol = options->protocol,
                                     .url = options->url,
                                     .key_file = options->key_file,
                                     .off_box = options->off_box,
                                     .keep = true};
    const size_t model = strlen(options->model);
    if (model == 0 || model >= sizeof(((struct run_endpoint *)0)->model) ||
        text_utf8_valid((const uint8_t *)options->model, model) < model || text_has_control(bytes_of(options->model))) {
        return err_set(err, ERR_INVALID, "the model's name: expected one line of text, of at most %zu bytes",
                       sizeof(((struct run_endpoint *)0)->model) - 1);
    }
    struct run_endpoint *e = calloc(1, sizeof(*e));
    if (e == NULL) return err_set(err, ERR_NOMEM, "no memory for an endpoint");
    e->protocol = options->protocol;
    e->stop = options->stop;
    e->off_box = options->off_box;
    (void)snprintf(e->weights, sizeof(e->weights), "%s", options->weights != NULL ? options->weights : "");
    if (options->route != NULL) e->route = *options->route;
    (void)snprintf(e->model, sizeof(e->model), "%s", options->model);
    (void)snprintf(e->url, sizeof(e->url), "%s", options->url);
    int rc = 0;
    while (rc == 0 && e->lanes_n < options->lanes && e->lanes_n < RUN_LANES_MAX) {
        rc = work_model_open(&at, &e->lanes[e->lanes_n].model, err);
        e->lanes_n += rc == 0;
    }
    if (rc != 0) {
        run_endpoint_close(e);
        return rc;
    }
    *ret = e;
    return 0;
}

void run_endpoint_close(struct run_endpoint *endpoint) {
    if (endpoint == NULL) return;
    for (unsigned i = 0; i < endpoint->lanes_n; i++) {
        work_model_close(endpoint->lanes[i].model);
    }
    free(endpoint);
}
