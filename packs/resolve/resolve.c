/* Depth-first: the first rule that is not met yet names the candidates that could meet it; each is tried in the order of
 * preference. A set only grows, so a rule that was met stays met, and the first unmet rule must be met by one of them: no
 * plan is passed over.
 *
 * When there is none, rules are taken away one by one for as long as there is still none. What is left are the clashes. */
#include "packs/resolve/resolve.h"

#include <stdlib.h>

#include "packs/manifest/version.h"

struct search {
    const struct resolve_question *q;
    const struct rules *rules;
    const bool *off; /* rules that do not count */
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

static bool is_met(const struct search *s, const struct rule *rule) {
    for (size_t i = 0; i < s->n_chosen; i++) {
        if (rule_names(s->q, rule, &s->q->candidates[s->chosen[i]])) return true;
    }
    return false;
}

static const struct rule *first_unmet(const struct search *s) {
    const struct rule *list = s->rules->list;
    for (size_t i = 0; i < s->rules->first[0]; i++) {
        if (!s->off[i] && !is_met(s, &list[i])) return &list[i];
    }
    for (size_t i = 0; i < s->n_chosen; i++) {
        for (size_t r = s->rules->first[s->chosen[i]]; r < s->rules->first[s->chosen[i] + 1]; r++) {
            if (list[r].kind == RULE_PACK && !s->off[r] && !is_met(s, &list[r])) return &list[r];
        }
    }
    return NULL;
}

/* Does a conflict of `owner` name `other`? */
static bool conflicts(const struct search *s, size_t owner, size_t other) {
    for (size_t r = s->rules->first[owner]; r < s->rules->first[owner + 1]; r++) {
        const struct rule *rule = &s->rules->list[r];
        if (rule->kind == RULE_NOT_PACK && !s->off[r] && rule_names(s->q, rule, &s->q->candidates[other])) return true;
    }
    return false;
}

/* Of the machine. */
static bool is_able(const struct search *s, size_t candidate) {
    for (size_t r = s->rules->first[candidate]; r < s->rules->first[candidate + 1]; r++) {
        const struct rule *rule = &s->rules->list[r];
        if (rule->kind != RULE_PACK && rule->kind != RULE_NOT_PACK && !s->off[r] && !rule->holds) return false;
    }
    return true;
}

static bool fits(const struct search *s, size_t candidate) {
    const struct manifest_pack *pack = s->q->candidates[candidate].pack;
    if (!is_able(s, candidate)) return false;
    for (size_t i = 0; i < s->n_chosen; i++) {
        size_t other = s->chosen[i];
        if (bytes_eq(pack->name, s->q->candidates[other].pack->name)) return false;
        if (conflicts(s, candidate, other) || conflicts(s, other, candidate)) return false;
    }
    return true;
}

/* Not only by what it provides. */
static bool is_by_name(const struct rule *rule, const struct resolve_candidate *c) {
    return rule->kind != RULE_PACK || bytes_eq(c->pack->name, rule->need->name);
}

static bool search(struct search *s);

static bool try_all(struct search *s, const struct rule *rule, bool by_name) {
    for (size_t i = 0; s->rc == 0 && i < s->q->n_candidates; i++) {
        size_t candidate = s->order[i];
        const struct resolve_candidate *c = &s->q->candidates[candidate];
        if (is_by_name(rule, c) != by_name || !rule_names(s->q, rule, c) || !fits(s, candidate)) continue;
        s->chosen[s->n_chosen++] = candidate;
        if (search(s)) return true;
        s->n_chosen--;
    }
    return false;
}

/* As deep as a plan has packs. */
static bool search(struct search *s) {
    const struct rule *rule = first_unmet(s);
    if (rule == NULL) return true;
    if (s->steps++ == RESOLVE_STEPS_MAX) {
        s->rc = ERR_LIMIT;
        return false;
    }
    return try_all(s, rule, true) || try_all(s, rule, false);
}

/* 1 found, 0 there is none, ERR_LIMIT. */
static int run(struct search *s) {
    s->n_chosen = 0;
    s->steps = 0;
    s->rc = 0;
    bool found = search(s);
    return s->rc != 0 ? s->rc : found;
}

/* ---- why not -------------------------------------------------------------------------------------------------------- */

/* The last rules go first, so that what the caller requested: named rather than what follows from it. */
static int find_clashes(struct search *s, bool *off, struct resolve_answer *ret, struct err *err) {
    size_t n = 0;
    for (size_t r = s->rules->n; r-- > 0;) {
        off[r] = true;
        if (run(s) != 0) {
            off[r] = false; /* needed, or too hard to tell */
            n++;
        }
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

int resolve(const struct resolve_question *q, struct resolve_answer *ret, struct err *err) {
    struct resolve_answer answer = {0};
    struct rules rules = {0};
    if (q->n_candidates > RESOLVE_CANDIDATES_MAX) {
        return err_set(err, ERR_LIMIT, "%zu packs to choose from; at most %d", q->n_candidates, RESOLVE_CANDIDATES_MAX);
    }
    int rc = rules_make(q, &rules, err);
    if (rc != 0) return rc;
    bool *off = calloc(rules.n + 1, sizeof(*off));
    struct search s = {.q = q,
                       .rules = &rules,
                       .off = off,
                       .order = calloc(q->n_candidates + 1, sizeof(size_t)),
                       .chosen = calloc(q->n_candidates + 1, sizeof(size_t))};
    if (off == NULL || s.order == NULL || s.chosen == NULL) rc = err_set(err, ERR_NOMEM, "out of memory");
    if (rc == 0) {
        sort_by_preference(q, s.order);
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
