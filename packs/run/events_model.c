/* A call of a model, and what it answered. */
#include <stdio.h>
#include <string.h>

#include "base/mp.h"
#include "base/text.h"
#include "packs/run/events.h"
#include "packs/run/part.h"

#define NS_PER_MS  1e6
#define MILLION    1e6
#define LISTED_MAX ((size_t)128 << 10) /* bytes of a prompt or an answer that are kept in an event */

static void put_count(struct mp_map *map, const char *name, uint64_t n) {
    if (n != WORK_UNKNOWN) {
        mp_map_uint(map, name, n);
    }
}

static void put_ns(struct mp_map *map, const char *name, uint64_t ns) {
    if (ns != WORK_UNKNOWN && ns != 0) {
        part_ms(map, name, (double)ns / NS_PER_MS);
    }
}

static const char *digest_of(const struct work_identity *is) {
    return is->weights[0] != '\0' ? is->weights : is->manifest;
}

static void put_head(const struct model *model, const char *span, struct mp_map *body) {
    mp_map_text(body, "model", bytes_of(model->name));
    mp_map_text(body, "runtime", bytes_of(model->config.model_openai ? "openai" : "ollama"));
    mp_map_text(body, "call", bytes_of(span));
    mp_map_text(body, "span", bytes_of(span));
}

/* Text that is not UTF-8 is known by its digest alone. */
static void put_text(struct mp_map *map, const char *name, struct bytes text) {
    if (text.n <= LISTED_MAX && text_utf8_valid(text.p, text.n) == text.n) {
        mp_map_text(map, name, text);
    }
}

int events_asked(struct running *run, const struct model *model, const char *span, uint64_t cause, size_t after,
                 size_t *ret, struct err *err) {
    const char *session = run->options->session;
    struct mp_map body, private_;
    struct journal_event event = part_fact;
    char endpoint[WORK_HOST_MAX + 16];
    event.kind = "run.model_called";
    event.name = run->id;
    event.cause = cause;
    event.after = after;
    part_init(&body, &private_);
    put_head(model, span, &body);
    (void)snprintf(endpoint, sizeof(endpoint), "%s:%u", model->place.host, model->place.port);
    mp_map_text(&body, "endpoint", bytes_of(endpoint));
    mp_map_text(&body, "route", model->route->name);
    mp_map_text(&body, "operation", bytes_of(work_operation_name(model_operation(model))));
    mp_map_text(&body, "session", bytes_of(session != NULL ? session : ""));
    mp_map_bool(&body, "stream", model_operation(model) != WORK_EMBED);
    mp_map_bool(&body, "egress", model->egress[0] != '\0');
    mp_map_hash(&body, "prompt_digest", model->prompt_digest);
    put_text(&private_, "prompt", bytes_of_buf(&model->prompt));
    int rc = journal_add(&run->journal, &event, &body, &private_, ret, err);
    part_done(&body, &private_);
    return rc;
}

static void put_answer(const struct model *model, bool good, struct mp_map *body, struct mp_map *private_) {
    const struct work_model_result *r = &model->result;
    struct bytes text = bytes_of_buf(&r->text);
    uint8_t digest[HASH_LEN];
    mp_map_text(body, "served", bytes_of(r->served));
    mp_map_text(body, "finish", bytes_of(r->finish));
    if (r->attempts_n == 0) return; /* it was not asked */
    put_count(body, "tokens_in", r->prompt_tokens);
    put_count(body, "tokens_out", r->completion_tokens);
    put_count(body, "tokens_cached", r->cached_tokens);
    put_count(body, "tokens_reasoning", r->reasoning_tokens);
    put_ns(body, "latency_ms", r->total_ns);
    put_ns(body, "first_token_ms", r->first_ns);
    put_ns(body, "load_ms", r->load_ns);
    if (r->cost != WORK_UNKNOWN && r->cost > 0) {
        part_ms(body, "cost", (double)r->cost / MILLION);
    }
    if (good || text.n > 0) {
        hash_parts(digest, &text, 1);
        mp_map_hash(body, "output_digest", digest);
        put_text(private_, "output", text);
    }
}

int events_answered(struct running *run, const struct model *model, const char *span, uint64_t call, const char *why,
                    struct err *err) {
    struct mp_map body, private_;
    struct journal_event event = part_fact;
    bool good = why[0] == '\0';
    bool stopped = model->result.end == WORK_CALL_STOPPED || model->identity.end == WORK_CALL_STOPPED;
    event.kind = "run.model_returned";
    event.name = run->id;
    event.cause = call;
    part_init(&body, &private_);
    put_head(model, span, &body);
    mp_map_text(&body, "digest", bytes_of(digest_of(&model->identity)));
    mp_map_bool(&body, "ok", good);
    mp_map_text(&body, "outcome", bytes_of(good ? "ok" : stopped ? "aborted" : "error"));
    if (!good) {
        enum work_call_end end = model->identity.end != WORK_CALL_OK ? model->identity.end : model->result.end;
        part_text(&body, "error", end != WORK_CALL_OK ? work_call_end_name(end) : "model");
    }
    put_answer(model, good, &body, &private_);
    if (model_over(model, NULL)) mp_map_bool(&body, "over_budget", true);
    part_text(&private_, "detail", why);
    int rc = journal_add(&run->journal, &event, &body, &private_, NULL, err);
    part_done(&body, &private_);
    return rc;
}

int events_model_ended(struct running *run, const struct model *model, const char *span, uint64_t step, uint64_t ns,
                       const struct step_end *end, struct err *err) {
    const struct datum *datum = &run->steps[model->index].data[0];
    struct mp_map body, private_;
    int rc = 0;
    part_init(&body, &private_);
    if (model->step->outputs.n > 0 && datum->made) {
        struct bytes name = model->step->outputs.items[0];
        rc = part_artifact(run, &datum->copy, "output", name, "", (struct bytes){0}, part_media_type(run, name), false,
                           step, SIZE_MAX, err);
    }
    part_ms(&body, "duration_ms", (double)ns / NS_PER_MS);
    mp_map_text(&body, "route", model->route->name);
    if (rc == 0) rc = part_end(run, model->index, span, step, end, NULL, &body, &private_, err);
    if (rc == 0) rc = journal_commit(&run->journal, err);
    part_done(&body, &private_);
    return rc;
}
