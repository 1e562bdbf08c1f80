/* Rules about the machine are judged when they are made; rules about packs by the search. */
#include "packs/resolve/rule.h"

#include <stdlib.h>

#include "base/array.h"
#include "base/version.h"

#define T(text_) (int)(text_).n, (const char *)(text_).p

static const struct resolve_fact *facts_of(const struct resolve_facts *facts, enum rule_kind kind, size_t *ret_n) {
    switch (kind) {
    case RULE_PROGRAM:
    case RULE_NOT_PROGRAM:
        *ret_n = facts->n_programs;
        return facts->programs;
    case RULE_RUNTIME:
    case RULE_NOT_RUNTIME:
        *ret_n = facts->n_runtimes;
        return facts->runtimes;
    default:
        *ret_n = facts->n_packages;
        return facts->packages;
    }
}

static const struct resolve_fact *fact_of(const struct resolve_facts *facts, enum rule_kind kind, struct bytes name) {
    size_t n;
    const struct resolve_fact *list = facts_of(facts, kind, &n);
    for (size_t i = 0; i < n; i++) {
        if (bytes_eq(list[i].name, name)) return &list[i];
    }
    return NULL;
}

enum truth { NO, YES, UNSURE };

/* Whether what a need names is there in one of its versions. */
static enum truth is_there(const struct resolve_facts *facts, enum rule_kind kind, const struct manifest_need *need) {
    const struct resolve_fact *fact = fact_of(facts, kind, need->name);
    if (fact == NULL) return NO;
    if (fact->unsure) return UNSURE;
    if (need->version.n == 0) return YES;
    if (fact->version.n == 0) return UNSURE;
    return version_in(VERSION_DEBIAN, fact->version, need->version) ? YES : NO;
}

static size_t tier_rank(const struct resolve_facts *facts, struct bytes tier) {
    for (size_t i = 0; tier.n > 0 && i < facts->n_tiers; i++) {
        if (bytes_eq(facts->tiers[i], tier)) return i;
    }
    return SIZE_MAX;
}

static enum truth reaches(const struct resolve_facts *facts, struct bytes tier) {
    size_t asked = tier_rank(facts, tier), is = tier_rank(facts, facts->tier);
    if (asked == SIZE_MAX) return NO;
    if (is == SIZE_MAX) return UNSURE;
    return is >= asked ? YES : NO;
}

static enum truth has_bytes(uint64_t has, bool unsure, uint64_t asked) {
    return has >= asked ? YES : unsure ? UNSURE : NO;
}

static int put(struct rules *rules, struct rule rule, struct err *err) {
    int rc = array_room(&rules->list, rules->n + 1, &rules->cap, sizeof(rule), err);
    if (rc == 0) {
        rules->list[rules->n++] = rule;
    }
    return rc;
}

static int put_needs(const struct resolve_question *q, struct rules *rules, size_t owner,
                     const struct manifest_needs *needs, bool conflict, struct err *err) {
    int rc = 0;
    if (needs == NULL) return 0;
    const struct {
        const struct manifest_need *items;
        size_t n;
        enum rule_kind kind;
    } lists[] = {{needs->packs.items, needs->packs.n, conflict ? RULE_NOT_PACK : RULE_PACK},
                 {needs->programs.items, needs->programs.n, conflict ? RULE_NOT_PROGRAM : RULE_PROGRAM},
                 {needs->runtimes.items, needs->runtimes.n, conflict ? RULE_NOT_RUNTIME : RULE_RUNTIME},
                 {needs->packages.items, needs->packages.n, conflict ? RULE_NOT_PACKAGE : RULE_PACKAGE}};
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        for (size_t j = 0; rc == 0 && j < lists[i].n; j++) {
            const struct manifest_need *need = &lists[i].items[j];
            enum truth there = i > 0 ? is_there(&q->facts, lists[i].kind, need) : NO;
            rc = put(rules,
                     (struct rule){lists[i].kind, owner, need, i > 0 && there == (conflict ? NO : YES), there == UNSURE},
                     err);
        }
    }
    return rc;
}

static int put_hardware(const struct resolve_question *q, struct rules *rules, size_t owner, struct err *err) {
    const struct manifest_hardware *hardware = q->candidates[owner].pack->hardware;
    const struct resolve_facts *f = &q->facts;
    int rc = 0;
    if (hardware == NULL) return 0;
    const struct {
        enum rule_kind kind;
        bool asked;
        enum truth is;
    } list[] = {{RULE_TIER, hardware->tier.n > 0, reaches(f, hardware->tier)},
                {RULE_MEMORY, hardware->memory > 0, has_bytes(f->memory, f->memory_unsure, hardware->memory)},
                {RULE_VRAM, hardware->vram > 0, has_bytes(f->vram, f->vram_unsure, hardware->vram)}};
    for (size_t i = 0; rc == 0 && i < sizeof(list) / sizeof(list[0]); i++) {
        if (list[i].asked) {
            rc = put(rules, (struct rule){list[i].kind, owner, NULL, list[i].is == YES, list[i].is == UNSURE}, err);
        }
    }
    return rc;
}

int rules_make(const struct resolve_question *q, struct rules *ret, struct err *err) {
    struct rules rules = {.first = calloc(q->n_candidates + 1, sizeof(size_t))};
    int rc = rules.first != NULL ? 0 : err_set(err, ERR_NOMEM, "out of memory");
    for (size_t i = 0; rc == 0 && i < q->n_wants; i++) {
        rc = put(&rules, (struct rule){RULE_WANT, i, NULL, false, false}, err);
    }
    for (size_t i = 0; rc == 0 && i < q->n_candidates; i++) {
        rc = q->candidates[i].installed ? put(&rules, (struct rule){RULE_STAYS, i, NULL, false, false}, err) : 0;
    }
    for (size_t i = 0; rc == 0 && i < q->n_candidates; i++) {
        rules.first[i] = rules.n;
        rc = put_needs(q, &rules, i, q->candidates[i].pack->requires, false, err);
        if (rc == 0) rc = put_needs(q, &rules, i, q->candidates[i].pack->conflicts, true, err);
        if (rc == 0) rc = put_hardware(q, &rules, i, err);
    }
    if (rc != 0) {
        rules_done(&rules);
        return rc;
    }
    rules.first[q->n_candidates] = rules.n;
    *ret = rules;
    return 0;
}

void rules_done(struct rules *rules) {
    free(rules->list);
    free(rules->first);
    *rules = (struct rules){0};
}

/* ---- what a rule names ---------------------------------------------------------------------------------------------- */

static bool is_called(const struct manifest_pack *pack, struct bytes name) {
    bool is = bytes_eq(pack->name, name);
    for (size_t i = 0; !is && i < pack->provides.n; i++) {
        is = bytes_eq(pack->provides.items[i], name);
    }
    return is;
}

bool rule_names(const struct resolve_question *q, const struct rule *rule, const struct resolve_candidate *candidate) {
    const struct manifest_pack *pack = candidate->pack;
    if (rule->kind == RULE_STAYS) return bytes_eq(pack->name, q->candidates[rule->owner].pack->name);
    const struct resolve_want *want = rule->kind == RULE_WANT ? &q->wants[rule->owner] : NULL;
    const struct bytes range = want != NULL ? want->range : rule->need->version;
    bool called = want != NULL ? bytes_eq(pack->name, want->name) : is_called(pack, rule->need->name);
    return called && (range.n == 0 || version_in(VERSION_SEMVER, pack->version, range));
}

/* ---- what people read ----------------------------------------------------------------------------------------------- */

static void say_size(uint64_t bytes, struct buf *out) {
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    unsigned unit = 0;
    while (unit < 4 && bytes >= 1024 && bytes % 1024 == 0) {
        bytes /= 1024;
        unit++;
    }
    buf_printf(out, "%llu %s", (unsigned long long)bytes, units[unit]);
}

static void say_range(struct bytes range, struct buf *out) {
    if (range.n > 0) {
        buf_printf(out, " %.*s", T(range));
    }
}

/* In which versions what a rule names can be had. */
static void say_known(const struct resolve_question *q, const struct rule *rule, struct bytes name, struct buf *out) {
    size_t n = 0, fit = 0;
    for (size_t i = 0; i < q->n_candidates; i++) {
        fit += rule_names(q, rule, &q->candidates[i]);
    }
    if (fit > 0) return;
    buf_put_str(out, ": there is ");
    for (size_t i = 0; i < q->n_candidates; i++) {
        const struct manifest_pack *pack = q->candidates[i].pack;
        if (is_called(pack, name)) {
            buf_printf(out, "%s%.*s", n++ > 0 ? ", " : "", T(pack->version));
        }
    }
    buf_put_str(out, n == 0 ? "none" : " only");
}

static void say_fact(const struct resolve_question *q, const struct rule *rule, struct buf *out) {
    const struct resolve_fact *fact = fact_of(&q->facts, rule->kind, rule->need->name);
    if (fact == NULL) {
        buf_put_str(out, ": it is not there");
    } else if (fact->unsure) {
        buf_put_str(out, ": whether it is there is not known");
    } else if (fact->version.n == 0) {
        buf_put_str(out, ": its version is not known");
    } else {
        buf_printf(out, ": it is version %.*s", T(fact->version));
    }
}

static void say_tier(const struct resolve_facts *facts, struct bytes asked, struct buf *out) {
    buf_printf(out, " requires the capability tier '%.*s': ", T(asked));
    if (tier_rank(facts, asked) == SIZE_MAX) {
        buf_put_str(out, "the policy has no tier of this name (expected ");
        for (size_t i = 0; i < facts->n_tiers; i++) {
            buf_printf(out, "%s%.*s", i == 0 ? "" : i + 1 < facts->n_tiers ? ", " : " or ", T(facts->tiers[i]));
        }
        buf_put_str(out, facts->n_tiers > 0 ? ")" : "one of none)");
    } else if (facts->tier.n > 0) {
        buf_printf(out, "the machine's is '%.*s'", T(facts->tier));
    } else {
        buf_put_str(out, "the machine's is not known");
    }
}

static void say_hardware(const struct resolve_question *q, const struct rule *rule, struct buf *out) {
    const struct manifest_hardware *hardware = q->candidates[rule->owner].pack->hardware;
    const struct resolve_facts *f = &q->facts;
    bool vram = rule->kind == RULE_VRAM;
    uint64_t has = vram ? f->vram : f->memory;
    if (rule->kind == RULE_TIER) {
        say_tier(f, hardware->tier, out);
        return;
    }
    buf_put_str(out, " requires ");
    say_size(vram ? hardware->vram : hardware->memory, out);
    buf_put_str(out, vram ? " of graphics memory: " : " of memory: ");
    if (rule->unsure && has == 0) {
        buf_put_str(out, "how much the machine has is not known");
    } else {
        buf_put_str(out, rule->unsure ? "the machine has at least " : "the machine has ");
        say_size(has, out);
    }
}

void rule_say(const struct resolve_question *q, const struct rule *rule, struct buf *out) {
    static const char *const nouns[] = {
        [RULE_PACK] = "pack",           [RULE_PROGRAM] = "program",     [RULE_RUNTIME] = "runtime",
        [RULE_PACKAGE] = "package",     [RULE_NOT_PACK] = "pack",       [RULE_NOT_PROGRAM] = "program",
        [RULE_NOT_RUNTIME] = "runtime", [RULE_NOT_PACKAGE] = "package",
    };
    if (rule->kind == RULE_WANT) {
        const struct resolve_want *want = &q->wants[rule->owner];
        buf_printf(out, "requested: %.*s", T(want->name));
        say_range(want->range, out);
        say_known(q, rule, want->name, out);
        return;
    }
    const struct manifest_pack *pack = q->candidates[rule->owner].pack;
    buf_printf(out, "%.*s %.*s", T(pack->name), T(pack->version));
    if (rule->kind == RULE_STAYS) {
        buf_put_str(out, " is installed, and stays in some version");
    } else if (rule->kind >= RULE_TIER) {
        say_hardware(q, rule, out);
    } else {
        buf_printf(out, " %s the %s '%.*s'", rule->kind >= RULE_NOT_PACK ? "conflicts with" : "requires", nouns[rule->kind],
                   T(rule->need->name));
        say_range(rule->need->version, out);
        if (rule->kind == RULE_PACK) {
            say_known(q, rule, rule->need->name, out);
        } else if (rule->kind != RULE_NOT_PACK) {
            say_fact(q, rule, out);
        }
    }
}
