/* Tools and models are measured before it is decided, so that the decision is about what would run. */
#include "packs/run/choice.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "ledger/event/event.h"
#include "packs/life/program.h"
#include "packs/run/model.h"

static void measure(struct choice *c, struct running *run, const struct manifest_step *step) {
    struct bytes name = running_route(run, step);
    size_t n = 0;
    for (size_t i = 0; i < ROUTE_CANDIDATES_MAX && name.n > 0; i++) {
        const struct manifest_route *route = manifest_route(run->pack, name);
        struct program program;
        if (route == NULL) break;
        name = route->fallback;
        bool tool = manifest_role(route) == MANIFEST_TOOL;
        bool known = tool ? program_find_in(run->options->seen, route->program, run->pack_dir, &program, &c->fault[n]) == 0
                          : model_measure(run, route, c->digest[n]);
        (void)snprintf(c->name[n], sizeof(c->name[n]), "%.*s", (int)route->name.n, (const char *)route->name.p);
        if (known && tool) {
            memcpy(c->digest[n], "sha256:", 7);
            text_hex(c->digest[n] + 7, program.digest, HASH_LEN);
        }
        c->measured[n] = (struct route_measured){c->name[n], known ? c->digest[n] : NULL, c->fault[n].msg, NULL};
        if (tool) {
            bool host = known && strncmp(program.inside, PROGRAM_PACK "/", sizeof(PROGRAM_PACK)) != 0;
            const struct bytes runs = host ? bytes_of(program.host) : route->program;
            (void)snprintf(c->program[n], sizeof(c->program[n]), "%.*s", (int)runs.n, (const char *)runs.p);
            c->measured[n].program = c->program[n];
        }
        n++;
    }
    c->asked = (struct route_asked){
        .route = running_route(run, step), .demo = run->options->demo, .measured = c->measured, .n_measured = n};
}

/* What decides: the candidates with their bars, proofs and digests. What is told of them, and the events, may grow while it runs. */
static int put_bare(struct choice *c, struct err *err) {
    struct route_choice bare = c->is;
    bare.n_evidence = 0;
    for (size_t i = 0; i < bare.n; i++) {
        bare.candidate[i].why[0] = '\0';
    }
    buf_clear(&c->bare);
    return route_body(&bare, &c->bare, err);
}

static int decide(struct choice *c, struct state_view *view, struct err *err) {
    buf_clear(&c->body);
    int rc = decide_route(view, &c->asked, &c->is, err);
    if (rc == 0) rc = route_body(&c->is, &c->body, err);
    return rc == 0 ? put_bare(c, err) : rc;
}

static int ask(void *ctx, struct state_view *view, struct err *err) {
    return decide(ctx, view, err);
}

int choice_make(struct choice *c, struct running *run, const struct manifest_step *step, struct err *err) {
    struct state_options options;
    memset(c, 0, sizeof(*c));
    buf_init(&c->body, EVENT_BODY_MAX);
    buf_init(&c->bare, EVENT_BODY_MAX);
    measure(c, run, step);
    int rc = state_options_present(run->options->ledger, &options, err);
    options.no_write = true;
    return rc != 0 ? rc : state_ask(run->options->ledger, &options, ask, c, err);
}

void choice_done(struct choice *c) {
    buf_done(&c->body);
    buf_done(&c->bare);
}

int choice_again(struct choice *c, struct state_view *view, bool *ret_same, struct err *err) {
    struct buf before = c->bare;
    buf_init(&c->bare, EVENT_BODY_MAX);
    int rc = decide(c, view, err);
    *ret_same = rc == 0 && bytes_eq(bytes_of_buf(&before), bytes_of_buf(&c->bare));
    buf_done(&before);
    return rc;
}

const struct manifest_route *choice_route(const struct choice *c, const struct running *run, size_t candidate) {
    return candidate < c->is.n ? manifest_route(run->pack, bytes_of(c->is.candidate[candidate].name)) : NULL;
}

static bool may_serve(const struct choice *c, size_t i) {
    enum route_bar bar = c->is.candidate[i].bar;
    return bar == ROUTE_FREE || (c->asked.demo && bar == ROUTE_BAR_PROOF);
}

void choice_cite(const struct choice *c, struct decision *ret) {
    for (size_t i = 0; i < c->is.n_evidence; i++) {
        decide_cite(ret, c->is.evidence[i]);
    }
}

bool choice_allows(const struct choice *c, struct bytes name) {
    for (size_t i = 0; i < c->is.n; i++) {
        if (bytes_is(name, c->is.candidate[i].name)) return may_serve(c, i);
    }
    return false;
}

size_t choice_next(const struct choice *c, size_t candidate) {
    for (size_t i = candidate + 1; i < c->is.n; i++) {
        if (may_serve(c, i)) return i;
    }
    return SIZE_MAX;
}
