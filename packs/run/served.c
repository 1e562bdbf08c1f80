/* One rule: what the pack says serves, or nothing does. A route whose model or program changed refuses the run, unless the pack
 * itself names what serves instead: it does not require the route, and a fallback of it may serve. A route that is required and
 * that nothing may serve refuses it too. What else goes wrong with a route is its step's, and is recorded there. */
#include "packs/run/served.h"

#include <stdlib.h>

#define S(text_) (int)((text_).n < 100 ? (text_).n : 100), (const char *)(text_).p

struct served {
    struct one {
        const struct manifest_step *step; /* the first on this route */
        struct choice choice;
    } * one;
    size_t n;
};

static bool is_there(const struct served *served, struct bytes route) {
    for (size_t i = 0; i < served->n; i++) {
        if (bytes_eq(served->one[i].choice.asked.route, route)) return true;
    }
    return false;
}

/* The route itself may serve as it is, or a demo takes it as it is. */
static bool serves_itself(const struct choice *c) {
    enum route_bar bar = c->is.candidate[0].bar;
    return bar == ROUTE_FREE || (bar == ROUTE_BAR_PROOF && c->asked.demo);
}

static void judge(const struct running *run, const struct one *one, struct decision *ret) {
    const struct choice *c = &one->choice;
    const struct route_candidate *first = &c->is.candidate[0];
    const struct manifest_route *route = manifest_route(run->pack, c->asked.route);
    bool required = route != NULL && route->required, nothing = c->is.chosen == SIZE_MAX;
    if (!ret->yes || serves_itself(c)) return;
    if (first->changed ? !required && !nothing : !required || !nothing) return;
    choice_cite(c, ret);
    decide_no(ret, "route '%.*s' of step '%.*s' %s: %.200s%s", S(c->asked.route), S(one->step->id),
              first->changed ? "changed" : "may not serve", first->why[0] != '\0' ? first->why : c->is.reason,
              !first->changed        ? ""
              : required && !nothing ? "; the pack requires it, so its fallback does not take its place"
                                     : "; the pack has no fallback for it that may serve");
}

int served_ask(struct running *run, struct served **ret_served, struct decision *ret, struct err *err) {
    struct served *served = calloc(1, sizeof(*served));
    int rc = served != NULL ? 0 : err_set(err, ERR_NOMEM, "out of memory");
    if (rc == 0) served->one = calloc(run->pack->steps.n + 1, sizeof(*served->one));
    if (rc == 0 && served->one == NULL) rc = err_set(err, ERR_NOMEM, "out of memory");
    for (size_t i = 0; rc == 0 && ret->yes && i < run->pack->steps.n; i++) {
        const struct manifest_step *step = &run->pack->steps.items[i];
        if (!run->steps[i].wanted || !given_feeds(&run->given, step) || is_there(served, running_route(run, step)))
            continue;
        struct one *one = &served->one[served->n++];
        one->step = step;
        rc = choice_make(&one->choice, run, step, err);
        if (rc == 0) judge(run, one, ret);
    }
    *ret_served = served;
    return rc;
}

int served_again(struct served *served, const struct running *run, struct state_view *view, struct decision *ret,
                 struct err *err) {
    int rc = 0;
    for (size_t i = 0; rc == 0 && ret->yes && i < served->n; i++) {
        struct one *one = &served->one[i];
        bool same = true;
        rc = choice_again(&one->choice, view, &same, err);
        if (rc == 0) judge(run, one, ret);
        if (rc == 0 && ret->yes && !same) {
            choice_cite(&one->choice, ret);
            decide_no(ret, "the route '%.*s' changed while the run was about to begin", S(one->choice.asked.route));
        }
    }
    return rc;
}

struct choice *served_choice(struct served *served, struct bytes route) {
    for (size_t i = 0; i < served->n; i++) {
        struct choice *c = &served->one[i].choice;
        bool tools = bytes_eq(c->asked.route, route);
        for (size_t k = 0; tools && k < c->is.n; k++) {
            tools = c->is.candidate[k].tool;
        }
        if (tools) return c;
    }
    return NULL;
}

void served_free(struct served *served) {
    for (size_t i = 0; served != NULL && i < served->n; i++) {
        choice_done(&served->one[i].choice);
    }
    if (served != NULL) free(served->one);
    free(served);
}
