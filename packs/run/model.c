/* The endpoint is found and the prompt written before anything is recorded; it is asked once that is permitted. */
#include "packs/run/model.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "packs/run/words.h"

#define S(text_)    (int)((text_).n < 100 ? (text_).n : 100), (const char *)(text_).p
#define NS_PER_MS   UINT64_C(1000000)
#define IDENTIFY_MS 10000
#define MILLION     UINT64_C(1000000)
#define MEASURE_MS  3000

static int fault_is(struct model_fault *fault, const char *reason, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
static int fault_is(struct model_fault *fault, const char *reason, const char *fmt, ...) {
    va_list args;
    fault->reason = reason;
    va_start(args, fmt);
    (void)vsnprintf(fault->words, sizeof(fault->words), fmt, args);
    va_end(args);
    return 1;
}

/* ---- the prompt ------------------------------------------------------------------------------------------------------- */

static int put_file(int dir, const char *name, struct buf *out, struct err *err) {
    uint8_t piece[8192];
    ssize_t n = 0;
    struct stat st;
    int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) return err_errno(err, errno, "'%s' cannot be opened", name);
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        close(fd);
        return err_set(err, ERR_INVALID, "'%s' is not a regular file", name);
    }
    while ((n = read(fd, piece, sizeof(piece))) > 0) {
        buf_put(out, piece, (size_t)n);
    }
    close(fd);
    return n == 0 ? buf_check(out, "the prompt", err) : err_errno(err, errno, "'%s' cannot be read", name);
}

/* The content of a file, the value of anything else. */
static int put_name(void *ctx, struct bytes name, struct buf *out, struct err *err) {
    const struct model *model = ctx;
    const struct given *given = given_find(&model->run->given, name);
    char file[128];
    (void)snprintf(file, sizeof(file), "%.*s", S(name));
    if (given != NULL && !given->file) {
        buf_put_str(out, given->value != NULL ? given->value : "");
        return buf_check(out, "the prompt", err);
    }
    return put_file(given != NULL ? model->run->place.in : model->run->place.data, file, out, err);
}

static int write_prompt(struct model *model, struct err *err) {
    struct buf text = {.max = MODEL_TEXT_MAX};
    struct bytes whole;
    int rc = 0;
    if (model->step->prompt.n > 0) {
        rc = put_file(model->run->pack_fd, (const char *)model->step->prompt.p, &text, err);
    } else {
        for (size_t i = 0; rc == 0 && i < model->step->inputs.n; i++) {
            rc = put_name(model, model->step->inputs.items[i], &model->prompt, err);
        }
    }
    if (rc == 0 && text.n > 0) rc = words_write(bytes_of_buf(&text), put_name, model, &model->prompt, err);
    whole = bytes_of_buf(&model->prompt);
    hash_parts(model->prompt_digest, &whole, 1);
    buf_done(&text);
    return rc;
}

/* ---- the endpoint ----------------------------------------------------------------------------------------------------- */

static int open_endpoint(struct model *model, bool off_box, struct err *err) {
    const struct config *c = &model->config;
    const struct work_endpoint endpoint = {.protocol = c->model_openai ? WORK_OPENAI : WORK_OLLAMA,
                                           .url = c->model_url,
                                           .key_file = c->model_key[0] != '\0' ? c->model_key : NULL,
                                           .off_box = off_box};
    work_model_close(model->endpoint);
    model->endpoint = NULL;
    return work_model_open(&endpoint, &model->endpoint, err);
}

/* Of the step's time, in ms; 0: it has no limit. */
static uint32_t time_left(const struct model *model) {
    const struct manifest_limits *limits = model->step->limits;
    uint64_t spent = clock_boot_ns() - model->began;
    if (limits == NULL || limits->time == 0) return 0;
    return limits->time > spent + NS_PER_MS ? (uint32_t)((limits->time - spent) / NS_PER_MS) : 1;
}

static struct work_stop stop_of(const struct model *model) {
    return (struct work_stop){.fd = model->run->options->stop_fd > 0 ? model->run->options->stop_fd : 0};
}

/* Whether calls leave the box is the address's to say; that they may is the caller's to ask. */
static int find_place(struct model *model, struct model_fault *fault, struct err *err) {
    struct work_stop stop = stop_of(model);
    struct err why = {0};
    int rc = open_endpoint(model, false, &why);
    if (rc == 0) rc = work_model_place(model->endpoint, &stop, &model->place, &why);
    if (rc == 0 && !model->place.loopback) {
        const struct work_place *p = &model->place;
        (void)snprintf(model->egress, sizeof(model->egress), strchr(p->host, ':') != NULL ? "[%s]:%u" : "%s:%u", p->host,
                       p->port);
        rc = open_endpoint(model, true, &why);
    }
    if (rc == ERR_NOMEM) return err_set(err, rc, "%s", why.msg);
    return rc == 0 ? 0 : fault_is(fault, "offline", "%.400s", why.msg);
}

static int find_name(struct model *model, struct model_fault *fault, struct err *err) {
    int rc = config_load(log_dir(model->run->options->ledger), &model->config, err);
    if (rc != 0) return rc;
    if (model->config.model_url[0] == '\0') return fault_is(fault, "offline", "no endpoint of models is configured");
    (void)snprintf(model->name, sizeof(model->name), "%.*s", S(model->route->model));
    if (model->name[0] == '\0') {
        (void)snprintf(model->name, sizeof(model->name), "%.*s", (int)sizeof(model->name) - 1, model->config.model);
    }
    return model->name[0] != '\0' ? 0 : fault_is(fault, "offline", "neither the route nor the configuration names a model");
}

int model_prepare(struct model *model, struct running *run, size_t index, const struct manifest_route *route,
                  struct model_fault *fault, struct err *err) {
    memset(model, 0, sizeof(*model));
    model->run = run;
    model->step = &run->pack->steps.items[index];
    model->route = route;
    model->index = index;
    model->began = clock_boot_ns();
    buf_init(&model->prompt, MODEL_TEXT_MAX);
    int rc = find_name(model, fault, err);
    if (rc != 0) return rc;
    struct err why = {0};
    rc = write_prompt(model, &why);
    if (rc == ERR_NOMEM) return err_set(err, rc, "%s", why.msg);
    return rc != 0 ? fault_is(fault, "error", "the prompt: %.400s", why.msg) : find_place(model, fault, err);
}

void model_done(struct model *model) {
    work_model_close(model->endpoint);
    work_model_result_done(&model->result);
    buf_done(&model->prompt);
}

static const char *reason_of(enum work_call_end end, unsigned status) {
    switch (end) {
    case WORK_CALL_UNREACHABLE:
    case WORK_CALL_NO_MODEL:
        return "offline";
    case WORK_CALL_TIMEOUT:
        return "timeout";
    case WORK_CALL_OFF_BOX:
    case WORK_CALL_BUDGET:
        return "policy";
    default:
        return status == 429 || status == 503 ? "overload" : "error";
    }
}

bool model_measure(struct running *run, const struct manifest_route *route, char ret[WORK_DIGEST_TEXT]) {
    struct model *model = calloc(1, sizeof(*model));
    struct model_fault fault;
    bool known = false;
    if (model == NULL) return false;
    *model = (struct model){.run = run, .route = route};
    if (find_name(model, &fault, NULL) == 0 && find_place(model, &fault, NULL) == 0 && model->egress[0] == '\0') {
        struct work_identity *is = &model->identity;
        struct work_stop stop = stop_of(model);
        int rc = work_model_identify(model->endpoint, model->name, MEASURE_MS, &stop, is, NULL);
        const char *digest = is->weights[0] != '\0' ? is->weights : is->manifest;
        known = rc == 0 && is->end == WORK_CALL_OK && digest[0] != '\0';
        if (known) {
            memcpy(ret, digest, WORK_DIGEST_TEXT);
        }
    }
    model_done(model);
    free(model);
    return known;
}

int model_identify(struct model *model, const char *chosen, struct model_fault *fault, struct err *err) {
    const struct manifest_route *r = model->route;
    struct work_identity *is = &model->identity;
    struct work_stop stop = stop_of(model);
    uint32_t left = time_left(model);
    int rc = work_model_identify(model->endpoint, model->name, left < IDENTIFY_MS ? left : IDENTIFY_MS, &stop, is, err);
    if (rc != 0) return rc;
    if (is->end != WORK_CALL_OK) return fault_is(fault, reason_of(is->end, is->status), "%.400s", is->why);
    if (is->remote && model->egress[0] == '\0') {
        return fault_is(fault, "policy", "the model '%s' is computed on another host", model->name);
    }
    if (r->digest.n > 0 && !bytes_is(r->digest, is->weights) && !bytes_is(r->digest, is->manifest)) {
        return fault_is(fault, "policy", "the model '%s' is %.72s, and the route demands %.*s", model->name,
                        is->weights[0] != '\0'    ? is->weights
                        : is->manifest[0] != '\0' ? is->manifest
                                                  : "of no digest that the endpoint states",
                        S(r->digest));
    }
    bool told = is->weights[0] != '\0' || is->manifest[0] != '\0';
    if (chosen[0] != '\0' && told && strcmp(chosen, is->weights) != 0 && strcmp(chosen, is->manifest) != 0) {
        return fault_is(fault, "policy", "the model '%s' is %.72s now, and the route was proven with %.72s", model->name,
                        is->weights[0] != '\0' ? is->weights : is->manifest, chosen);
    }
    if (r->family.n > 0 && is->family[0] != '\0' && !bytes_is(r->family, is->family)) {
        return fault_is(fault, "policy", "the model '%s' is of the family '%s', and the route demands '%.*s'", model->name,
                        is->family, S(r->family));
    }
    if (r->context_min > 0 && is->context != WORK_UNKNOWN && is->context < r->context_min) {
        return fault_is(fault, "policy", "the model '%s' has a context of %llu tokens, and the route demands %llu",
                        model->name, (unsigned long long)is->context, (unsigned long long)r->context_min);
    }
    return 0;
}

/* ---- asking ----------------------------------------------------------------------------------------------------------- */

enum work_operation model_operation(const struct model *model) {
    return bytes_is(model->route->task, "embeddings") ? WORK_EMBED
           : bytes_is(model->route->task, "generate") ? WORK_GENERATE
                                                      : WORK_CHAT;
}

static uint64_t left_of(uint64_t budget, uint64_t spent) {
    return budget == 0 ? WORK_UNKNOWN : budget > spent ? budget - spent : 0;
}

static void add(uint64_t *sum, uint64_t n) {
    *sum = n < UINT64_MAX - *sum ? *sum + n : UINT64_MAX;
}

static void add_cost(uint64_t *sum, uint64_t tokens, uint64_t price) {
    uint64_t cost;
    add(sum, __builtin_mul_overflow(tokens, price, &cost) ? UINT64_MAX : cost / MILLION + (cost % MILLION > 0));
}

/* Whether a server may have read the prompt. */
static bool was_read(enum work_call_end end) {
    return end != WORK_CALL_UNREACHABLE && end != WORK_CALL_REFUSED && end != WORK_CALL_NO_MODEL &&
           end != WORK_CALL_OFF_BOX && end != WORK_CALL_BUDGET;
}

/* What the server does not count is counted in bytes, of which a token has at least one. */
static void spend(const struct model *model) {
    const struct work_model_result *r = &model->result;
    struct running *run = model->run;
    uint64_t read = r->prompt_tokens, written = r->completion_tokens;
    if (read == WORK_UNKNOWN) read = was_read(r->end) ? model->prompt.n : 0;
    if (written == WORK_UNKNOWN) written = r->text.n + r->reasoning.n;
    add(&run->tokens, read);
    add(&run->tokens, written);
    if (r->cost != WORK_UNKNOWN) {
        add(&run->cost, r->cost);
    } else {
        add_cost(&run->cost, read, model->config.model_prompt_price);
        add_cost(&run->cost, written, model->config.model_answer_price);
    }
}

int model_ask(struct model *model, struct model_fault *fault, struct err *err) {
    const struct config *c = &model->config;
    const struct manifest_limits *limits = model->step->limits;
    struct running *run = model->run;
    const struct work_message message = {"user", bytes_of_buf(&model->prompt)};
    const struct work_budget budget = {.tokens = left_of(c->model_tokens, run->tokens),
                                       .cost = left_of(c->model_cost, run->cost),
                                       .prompt_price = c->model_prompt_price,
                                       .completion_price = c->model_answer_price};
    const struct work_model_request request = {
        .operation = model_operation(model),
        .model = model->name,
        .messages = &message,
        .messages_n = 1,
        .limit = {.total_ms = time_left(model),
                  .text_bytes =
                      limits != NULL && limits->file > 0 && limits->file < MODEL_TEXT_MAX ? (uint32_t)limits->file : 0},
        .budget = c->model_tokens > 0 || c->model_cost > 0 || c->model_prompt_price > 0 || c->model_answer_price > 0
                      ? &budget
                      : NULL,
        .stop = stop_of(model)};
    int rc = work_model_call(model->endpoint, &request, &model->result, err);
    if (rc != 0) return rc;
    spend(model);
    return model->result.end == WORK_CALL_OK
               ? 0
               : fault_is(fault, reason_of(model->result.end, model->result.status), "%.400s", model->result.why);
}

bool model_over(const struct model *model, char ret[RUN_WORDS]) {
    const struct config *c = &model->config;
    const struct running *run = model->run;
    bool tokens = c->model_tokens > 0 && run->tokens > c->model_tokens;
    if (!tokens && (c->model_cost == 0 || run->cost <= c->model_cost)) return false;
    if (ret != NULL) {
        (void)snprintf(ret, RUN_WORDS, "the run has used %llu %s of its models, more than the %llu of %s",
                       (unsigned long long)(tokens ? run->tokens : run->cost), tokens ? "tokens" : "millionths",
                       (unsigned long long)(tokens ? c->model_tokens : c->model_cost),
                       tokens ? "model_tokens" : "model_cost");
    }
    return true;
}

/* ---- keeping ---------------------------------------------------------------------------------------------------------- */

/* A vector a line, as a JSON array. */
static void put_vectors(const struct work_model_result *r, struct buf *out) {
    for (size_t i = 0; i < r->vectors_n; i++) {
        for (size_t k = 0; k < r->dimensions; k++) {
            buf_printf(out, "%s%.9g", k == 0 ? "[" : ",", (double)r->vectors[i * r->dimensions + k]);
        }
        buf_put_str(out, r->dimensions > 0 ? "]\n" : "[]\n");
    }
}

int model_keep(struct model *model, struct err *err) {
    struct datum *datum = &model->run->steps[model->index].data[0];
    struct buf vectors = {.max = (size_t)64 << 20};
    struct bytes text = bytes_of_buf(&model->result.text);
    if (model->step->outputs.n == 0) return 0;
    if (model_operation(model) == WORK_EMBED) {
        put_vectors(&model->result, &vectors);
        text = bytes_of_buf(&vectors);
    }
    int rc = buf_check(&vectors, "the vectors", err);
    const char *name = (const char *)model->step->outputs.items[0].p;
    int fd =
        rc == 0 ? openat(model->run->place.data, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0444) : -1;
    if (rc == 0 && (fd < 0 || file_put_all(fd, text.p, text.n) != 0))
        rc = err_errno(err, errno, "the answer cannot be kept");
    if (rc == 0) {
        hash_parts(datum->copy.digest, &text, 1);
        datum->copy.bytes = text.n;
        datum->made = true;
    }
    if (fd >= 0) close(fd);
    buf_done(&vectors);
    return rc;
}
