/* Which route serves a piece of work: the candidates, what bars each, the choice, the reason and the evidence
 * (decision 084). Choosing is a pure function of the candidates; decide_route gathers these from a view. */
#ifndef PROJECTIONS_DECIDE_ROUTE_H
#define PROJECTIONS_DECIDE_ROUTE_H

#include "projections/view/decision.h"
#include "projections/view/state.h"

#define ROUTE_CANDIDATES_MAX 8

/* In the order in which they are tried. */
enum route_bar {
    ROUTE_FREE,
    ROUTE_BAR_REMOVED,
    ROUTE_BAR_UNDECLARED,
    ROUTE_BAR_PARKED,
    ROUTE_BAR_OFFLINE,
    ROUTE_BAR_PACK,     /* the files of its pack are not those that were installed */
    ROUTE_BAR_PROGRAM,  /* it cannot be read */
    ROUTE_BAR_WEIGHTS,  /* the runtime serves other weights than the route demands */
    ROUTE_BAR_POLICY,   /* the limits of the machine's tier forbid its model or its runtime */
    ROUTE_BAR_CAPACITY, /* its model can never be loaded here */
    ROUTE_BAR_PROOF,    /* no evaluation proves it as it is now */
    ROUTE_BARS
};
extern const char *const route_bars[ROUTE_BARS]; /* in words; NULL: free */

struct route_candidate {
    char name[256];
    bool model_alone; /* the name is a model's, there is no such route */
    bool tool;
    char model[256], digest[128], runtime[128], program[1024], program_digest[128], state[32];
    uint64_t proof; /* LOG_NO_SEQ: none */
    bool changed;   /* its weights or its program are not those that were demanded or proven */
    enum route_bar bar;
    char why[256]; /* the bar in words, or what is not known of a free one; may be empty */
};

struct route_choice {
    struct route_candidate candidate[ROUTE_CANDIDATES_MAX]; /* the route that was asked for, then its fallbacks */
    size_t n;
    size_t chosen;        /* SIZE_MAX: none */
    const char *decision; /* primary, fallback, refused */
    const char *reason;   /* proof, policy, capacity, fallback, demo; of a refusal the first candidate's bar */
    char policy[160];     /* whose limits were applied; empty: none had to be */
    uint64_t evidence[ROW_SEQS_MAX];
    size_t n_evidence;
};

/* What serves a route, as it was found just now: the program of a tool's, or the weights of a model's, by their digest or that of
 * their manifest. */
struct route_measured {
    const char *route, *digest; /* digest NULL: `fault` says why a program cannot be read; of weights nothing is known */
    const char *fault;
    const char *program; /* what runs, where that is not what the route was declared with; NULL: that */
};

struct route_asked {
    struct bytes route;
    bool demo; /* what nobody proved may run */
    const struct route_measured *measured;
    size_t n_measured; /* what was not measured is taken for what is known of it */
};

/* Fills in chosen, decision and reason from the candidates' bars; there is at least one. */
void route_choose(struct route_choice *choice, bool demo);
/* A route that nobody declared is a refusal, not an error. */
int decide_route(struct state_view *view, const struct route_asked *asked, struct route_choice *ret, struct err *err);
/* The body of the event that records it (route.decided). */
int route_body(const struct route_choice *choice, struct buf *out, struct err *err);

#endif
