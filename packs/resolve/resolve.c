/* Depth-first, over rules that are not met yet: the first names the candidates that could meet it, and each is tried in the
 * order of preference. A set only grows, so a rule that was met stays met, and each unmet rule must be met by one of its
 * candidates: no plan is passed over. Three things keep it short: candidates that can be in no plan are left out beforehand;
 * when an unmet rule has no candidate left the set is given up at once; when one has a single candidate that is taken first.
 *
 * When there is no plan, rules are taken away for as long as there is still none. What is left are the clashes. */
#include "packs/resolve/resolve.h"

#include <stdlib.h>
#include <string.h>

#include "base/version.h"

struct search {
    const struct resolve_question *q;
    const struct rules *rules;
    const bool *off; /* rules that do not count */
    bool *names;     /* [rule * n_candidates + candidate]: of rules about packs, does it name the candidate? */
    bool *alive;     /* candidates that may be in a plan */
    size_t *order;   /* candidates by preference */
    size_t *chosen;
    size_t n_chosen;
    size_t steps;
    int rc;
};

/* ---- preference ----------------------------------------------------------------------------------------------------- */

static bool is_preferred(const struct resolve_candidate *a, const struct resolve_candidate *b) {
    int c = bytes_cmp(a->pack->name, b->pack->name);
    if (c != 0) return c < 0;
    if (a->installed != b->installed) return a->installed;
    return version_cmp(VERSION_SEMVER, a->pack->version, b->pack->version) > 0;
}

/* Stable: of two candidates with the same name and version the one that was given first. */
static void sort_by_preference(const struct resolve_question *q, size_t *order) {
    for (size_t i = 0; i < q->n_candidates; i++) {
        size_t at = i;
        for (; at > 0 && is_preferred(&q->candidates[i], &q->candidates[order[at - 1]]); at--) {
            order[at] = order[at - 1];
        }
        order[at] = i;
    }
}

/* ---- the search ----------------------------------------------------------------------------------------------------- */

static bool is_about_packs(const struct rule *rule) {
    return rule->kind == RULE_WANT || rule->kind == RULE_STAYS || rule->kind == RULE_PACK || rule->kind == RULE_NOT_PACK;
}

static bool names(const struct search *s, size_t r, size_t candidate) {
    return s->names[r * s->q->n_candidates + candidate];
}

static bool is_met(const struct search *s, size_t r) {
    for (size_t i = 0; i < s->n_chosen; i++) {
        if (names(s, r, s->chosen[i])) return true;
    }
    return false;
}

/* Does a conflict of `owner` name `other`? */
static bool conflicts(const struct search *s, size_t owner, size_t other) {
    for (size_t r = s->rules->first[owner]; r < s->rules->first[owner + 1]; r++) {
        if (s->rules->list[r].kind == RULE_NOT_PACK && !s->off[r] && names(s, r, other)) return true;
    }
    return false;
}

static bool fits(const struct search *s, size_t candidate) {
    const struct manifest_pack *pack = s->q->candidates[candidate].pack;
    if (!s->alive[candidate]) return false;
    for (size_t i = 0; i < s->n_chosen; i++) {
        size_t other = s->chosen[i];
        if (bytes_eq(pack->name, s->q->candidates[other].pack->name)) return false;
        if (conflicts(s, candidate, other) || conflicts(s, other, candidate)) return false;
    }
    return true;
}

/* Can the machine bear it, and may each pack that it requires be in a plan? */
static bool may_live(const struct search *s, size_t candidate) {
    for (size_t r = s->rules->first[candidate]; r < s->rules->first[candidate + 1]; r++) {
        const struct rule *rule = &s->rules->list[r];
        bool some = rule->kind == RULE_NOT_PACK || s->off[r] || (!is_about_packs(rule) && rule->holds);
        for (size_t c = 0; !some && rule->kind == RULE_PACK && c < s->q->n_candidates; c++) {
            some = s->alive[c] && names(s, r, c);
        }
        if (!some) return false;
    }
    return true;
}

static void find_alive(struct search *s) {
    bool changed = true;
    memset(s->alive, true, s->q->n_candidates);
    while (changed) {
        changed = false;
        for (size_t c = 0; c < s->q->n_candidates; c++) {
            if (s->alive[c] && !may_live(s, c)) {
                s->alive[c] = false;
                changed = true;
            }
        }
    }
}

/* Which unmet rule is next, and how many candidates of it fit: none, one, or more, said as 2. */
struct next {
    size_t rule; /* SIZE_MAX: all are met */
    unsigned fit;
};

static void look_at(const struct search *s, size_t r, struct next *next) {
    unsigned fit = 0;
    if (s->off[r] || is_met(s, r)) return;
    for (size_t c = 0; fit < 2 && c < s->q->n_candidates; c++) {
        fit += names(s, r, c) && fits(s, c);
    }
    if (next->rule == SIZE_MAX || fit < next->fit) {
        *next = (struct next){r, fit};
    }
}

static struct next next_rule(const struct search *s) {
    struct next next = {SIZE_MAX, 0};
    for (size_t r = 0; r < s->rules->first[0]; r++) {
        look_at(s, r, &next);
    }
    for (size_t i = 0; i < s->n_chosen; i++) {
        for (size_t r = s->rules->first[s->chosen[i]]; r < s->rules->first[s->chosen[i] + 1]; r++) {
            if (s->rules->list[r].kind == RULE_PACK) {
                look_at(s, r, &next);
            }
        }
    }
    return next;
}

/* Not only by what it provides. */
static bool is_by_name(const struct rule *rule, const struct resolve_candidate *c) {
    return rule->kind != RULE_PACK || bytes_eq(c->pack->name, rule->need->name);
}

static bool search(struct search *s);

static bool try_all(struct search *s, size_t r, bool by_name) {
    for (size_t i = 0; s->rc == 0 && i < s->q->n_candidates; i++) {
        size_t candidate = s->order[i];
        bool named = is_by_name(&s->rules->list[r], &s->q->candidates[candidate]);
        if (named != by_name || !names(s, r, candidate) || !fits(s, candidate)) continue;
        s->chosen[s->n_chosen++] = candidate;
        if (search(s)) return true;
        s->n_chosen--;
    }
    return false;
}

/* As deep as a plan has packs. */
static bool search(struct search *s) {
    const struct next next = next_rule(s);
    if (next.rule == SIZE_MAX) return true;
    if (s->steps >= RESOLVE_STEPS_MAX) {
        s->rc = ERR_LIMIT;
        return false;
    }
    s->steps++;
    return next.fit > 0 && (try_all(s, next.rule, true) || try_all(s, next.rule, false));
}

/* 1 found, 0 there is none, ERR_LIMIT. */
static int run(struct search *s) {
    s->n_chosen = 0;
    s->rc = 0;
    find_alive(s);
    bool found = search(s);
    return s->rc != 0 ? s->rc : found;
}

/* ---- why not -------------------------------------------------------------------------------------------------------- */

/* Takes these rules away if there is still no plan without them. */
static void take_away(struct search *s, bool *off, size_t from, size_t to) {
    memset(off + from, true, to - from);
    if (run(s) != 0) { /* they are needed, or it is too hard to tell */
        memset(off + from, false, to - from);
    }
}

/* First all rules of one candidate at once, since most have no part in it. The last rules go first, so that what the caller
 * asked for is named rather than what follows from it. */
static int find_clashes(struct search *s, bool *off, struct resolve_answer *ret, struct err *err) {
    size_t n = 0;
    for (size_t i = s->q->n_candidates; i-- > 0;) {
        if (s->rules->first[i + 1] - s->rules->first[i] > 1) {
            take_away(s, off, s->rules->first[i], s->rules->first[i + 1]);
        }
    }
    for (size_t r = s->rules->n; r-- > 0;) {
        if (!off[r]) {
            take_away(s, off, r, r + 1);
        }
    }
    for (size_t r = 0; r < s->rules->n; r++) {
        n += !off[r];
    }
    ret->clashes = calloc(n + 1, sizeof(*ret->clashes));
    if (ret->clashes == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    for (size_t r = 0; r < s->rules->n; r++) {
        if (!off[r]) {
            ret->clashes[ret->n_clashes++] = s->rules->list[r];
        }
    }
    return 0;
}

static int begin(struct search *s, struct err *err) {
    const struct resolve_question *q = s->q;
    const size_t n = q->n_candidates;
    if (n > 0 && s->rules->n > RESOLVE_PAIRS_MAX / n) {
        return err_set(err, ERR_LIMIT, "%zu requirements of %zu packs are more than can be compared", s->rules->n, n);
    }
    s->order = calloc(n + 1, sizeof(size_t));
    s->chosen = calloc(n + 1, sizeof(size_t));
    s->alive = calloc(n + 1, sizeof(bool));
    s->names = calloc(s->rules->n * n + 1, sizeof(bool));
    if (s->order == NULL || s->chosen == NULL || s->alive == NULL || s->names == NULL) {
        return err_set(err, ERR_NOMEM, "out of memory");
    }
    for (size_t r = 0; r < s->rules->n; r++) {
        const struct rule *rule = &s->rules->list[r];
        for (size_t c = 0; is_about_packs(rule) && c < n; c++) {
            s->names[r * n + c] = rule_names(q, rule, &q->candidates[c]);
        }
    }
    sort_by_preference(q, s->order);
    return 0;
}

int resolve(const struct resolve_question *q, struct resolve_answer *ret, struct err *err) {
    struct resolve_answer answer = {0};
    struct rules rules = {0};
    int rc = rules_make(q, &rules, err);
    if (rc != 0) return rc;
    bool *off = calloc(rules.n + 1, sizeof(*off));
    struct search s = {.q = q, .rules = &rules, .off = off};
    rc = off != NULL ? begin(&s, err) : err_set(err, ERR_NOMEM, "out of memory");
    if (rc == 0) {
        rc = run(&s);
        if (rc == ERR_LIMIT) err_set(err, rc, "more than %d choices were tried", RESOLVE_STEPS_MAX);
    }
    if (rc == 1) {
        answer = (struct resolve_answer){.possible = true, .chosen = s.chosen, .n_chosen = s.n_chosen};
        s.chosen = NULL;
        rc = 0;
    } else if (rc == 0) {
        rc = find_clashes(&s, off, &answer, err);
    }
    free(s.names);
    free(s.alive);
    free(s.order);
    free(s.chosen);
    free(off);
    rules_done(&rules);
    if (rc == 0) {
        *ret = answer;
    }
    return rc;
}

void resolve_done(struct resolve_answer *answer) {
    free(answer->chosen);
    free(answer->clashes);
    *answer = (struct resolve_answer){0};
}
