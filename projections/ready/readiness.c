/* The table of rules, and its findings. */
#include "projections/ready/readiness.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* The command that runs a suite against a route or a candidate. */
#define READINESS_EVALUATE "ledger eval run {evaluate}"
/* The same for a server that does not say which weights it has, as those that speak OpenAI's protocol. */
#define READINESS_WEIGH READINESS_EVALUATE " --endpoint URL --protocol openai --weights WEIGHTS"
/* The same once the suite's file has thresholds; of a pack the whole directory is installed anew. */
#define READINESS_HOLD "ledger {hold}"

#define READINESS_GRANT "ledger permit grant pack/{pack} {name}{which}{tier}{note}{end}"
/* The command that runs a pack's checks, or records what somebody else's check found. */
#define READINESS_CHECK "ledger {check}"
#define READINESS_DECLARE                                                                                                  \
    "ledger append route.declared -s route/{name} route={name} pack={pack}{pack_version} suite=SUITE "                     \
    "digest=DIGEST{required}"

const struct readiness_rule readiness_rules[READINESS_RULES] = {
#define RULE(id, unmet, name, outcome, word, when, words, remedy)                                                          \
    [READINESS_##id] = {name, outcome, word, when, words, remedy},
#include "projections/ready/readiness.def"
};

static const char *const states[READINESS_OUTCOMES] = {
    [READINESS_INVALID] = "invalidated",
    [READINESS_UNFINISHED] = "under way",
    [READINESS_FAILED] = "failed",
    [READINESS_UNDECIDED] = "proves nothing",
    [READINESS_DRIFT] = "not for this route",
    [READINESS_NEVER] = NULL,
    [READINESS_REMOVED] = "removed",
    [READINESS_INCOMPLETE] = "incomplete",
    [READINESS_PARKED] = "parked",
    [READINESS_OFFLINE] = "offline",
    [READINESS_UNPROVEN] = "declared-not-proven",
    [READINESS_DEGRADED] = "degraded",
    [READINESS_UNDECLARED] = "undeclared",
    [READINESS_DECLARED] = "declared",
    [READINESS_BLOCKED] = "blocked",
    [READINESS_DEMO] = "demo-only",
    [READINESS_PARTIAL] = "partial",
    [READINESS_INSTALLED] = "installed",
    [READINESS_HELD] = "not promoted",
    [READINESS_NOTED] = "unchanged; the doctor's verdict reports it",
};

const char *readiness_state(enum readiness_outcome outcome) {
    return states[outcome];
}

/* ---- templates ---- */

bool readiness_fill(const char *text, readiness_fact_fn *put, void *ctx, struct buf *out) {
    char name[32];
    for (; *text != '\0'; text++) {
        const char *end = *text == '{' ? strchr(text, '}') : NULL;
        if (end == NULL) {
            buf_put_u8(out, (uint8_t)*text);
            continue;
        }
        snprintf(name, sizeof(name), "%.*s", (int)(end - text - 1), text + 1);
        if (!put(ctx, name, out)) return false;
        text = end;
    }
    return true;
}

const char *readiness_fact(const struct readiness *r, const char *name) {
    for (size_t i = 0; i < r->n_facts; i++) {
        if (strcmp(r->fact[i].name, name) == 0) return r->fact[i].text;
    }
    return NULL;
}

static bool put_fact(void *ctx, const char *name, struct buf *out) {
    const char *text = readiness_fact(ctx, name);
    buf_put_str(out, text != NULL ? text : "");
    return true;
}

/* ---- findings ---- */

void readiness_init(struct readiness *r) {
    r->n_facts = r->n = 0;
}

void readiness_say(struct readiness *r, const char *name, const char *fmt, ...) {
    size_t i = 0;
    va_list args;
    char words[2 * sizeof(r->fact[0].text)];
    while (i < r->n_facts && strcmp(r->fact[i].name, name) != 0) {
        i++;
    }
    if (i == READINESS_FACTS_MAX) return;
    r->n_facts += i == r->n_facts;
    r->fact[i].name = name;
    va_start(args, fmt);
    vsnprintf(words, sizeof(words), fmt, args);
    va_end(args);
    snprintf(r->fact[i].text, sizeof(r->fact[i].text), "%.*s%s", REASON_CUT(bytes_of(words), sizeof(r->fact[i].text) - 1));
}

static void keep(struct readiness *r, enum readiness_id id, struct bytes words) {
    if (r->n < READINESS_FOUND_MAX) {
        struct readiness_finding *f = &r->found[r->n++];
        f->id = id;
        snprintf(f->words, sizeof(f->words), "%.*s%s", REASON_CUT(words, sizeof(f->words) - 1));
    }
}

void readiness_add(struct readiness *r, enum readiness_id id) {
    struct buf words = {.max = 4096};
    readiness_fill(readiness_rules[id].words, put_fact, r, &words);
    keep(r, id, bytes_of_buf(&words));
    buf_done(&words);
}

void readiness_add_all(struct readiness *r, const struct readiness *other) {
    for (size_t i = 0; i < other->n; i++) {
        keep(r, other->found[i].id, bytes_of(other->found[i].words));
    }
}

void readiness_add_of(struct readiness *r, const struct readiness *other, const char *eval, enum readiness_id but) {
    for (size_t i = 0; i < other->n; i++) {
        struct buf words = {.max = 4096};
        if (other->found[i].id == but) continue;
        buf_printf(&words, "'%s': %s", eval, other->found[i].words);
        keep(r, other->found[i].id, bytes_of_buf(&words));
        buf_done(&words);
    }
}

void readiness_tell(const struct readiness *r, bool with_words, struct reason *out) {
    const char *before = NULL;
    for (size_t i = 0; i < r->n; i++) {
        const char *word = with_words ? readiness_rules[r->found[i].id].word : NULL;
        bool same = word == NULL || (before != NULL && strcmp(word, before) == 0);
        reason_say(out, "%s%s%s%s", out->n > 0 ? "; " : "", same ? "" : word, same ? "" : ": ", r->found[i].words);
        before = word;
    }
}

/* ---- remedies ---- */

void readiness_put_word(struct buf *out, struct bytes word) {
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.,:/@+=";
    bool is_plain = word.n > 0 && word.p[0] != '-';
    for (size_t i = 0; i < word.n && is_plain; i++) {
        is_plain = memchr(plain, word.p[i], sizeof(plain) - 1) != NULL;
    }
    if (is_plain || word.n == 0) {
        buf_put_bytes(out, word);
        return;
    }
    buf_put_u8(out, '\'');
    for (size_t i = 0; i < word.n; i++) {
        uint8_t c = word.p[i];
        if (c == '\'') {
            buf_put_str(out, "'\\''");
        } else {
            buf_put_u8(out, c < 0x20 || c == 0x7f ? '?' : c);
        }
    }
    buf_put_u8(out, '\'');
}

bool readiness_put_fact(void *ctx, const char *name, struct buf *out) {
    const char *text = readiness_fact(ctx, name);
    readiness_put_word(out, bytes_of(text != NULL ? text : ""));
    return text != NULL && text[0] != '\0';
}

/* ---- as a list ---- */

bool readiness_remedy(enum readiness_id id, readiness_fact_fn *fact, void *ctx, struct buf *out) {
    const char *remedy = readiness_rules[id].remedy;
    size_t before = out->n;
    bool has = remedy != NULL && readiness_fill(remedy, fact, ctx, out) && out->fail == 0;
    out->n = has ? out->n : before;
    return has;
}

void readiness_list(const struct readiness *r, struct bytes about, readiness_fact_fn *fact, void *ctx,
                    struct list_out *out) {
    for (size_t i = 0; i < r->n; i++) {
        const struct readiness_rule *rule = &readiness_rules[r->found[i].id];
        struct buf item = {.max = ROW_LIST_MAX}, remedy = {.max = ROW_TEXT_MAX};
        bool has = fact != NULL && readiness_remedy(r->found[i].id, fact, ctx, &remedy);
        mp_put_map(&item, has ? 4 : 3);
        mp_pair_str(&item, "about", about);
        mp_pair_str(&item, "reason", bytes_of(r->found[i].words));
        if (has) {
            mp_pair_str(&item, "remedy", bytes_of_buf(&remedy));
        }
        mp_pair_str(&item, "rule", bytes_of(rule->name));
        if (item.fail == 0 && list_out_fits(out, item.n)) {
            list_out_raw(out, bytes_of_buf(&item));
        }
        buf_done(&remedy);
        buf_done(&item);
    }
}

/* ---- the rules for readers ---- */

static void put_cell(struct buf *out, const char *text) {
    for (; text != NULL && *text != '\0'; text++) {
        buf_printf(out, *text == '|' ? "\\%c" : "%c", *text);
    }
}

static void put_rule(struct buf *out, const struct readiness_rule *rule) {
    const char *state = states[rule->outcome];
    buf_printf(out, "| `%s` | ", rule->name);
    put_cell(out, rule->when);
    buf_printf(out, " | %s | ", state != NULL ? state : "none");
    if (rule->word != NULL) {
        buf_printf(out, "%s: ", rule->word);
    }
    put_cell(out, rule->words);
    if (rule->remedy == NULL) {
        buf_put_str(out, " | |\n");
    } else if (strcmp(rule->remedy, READINESS_EVALUATE) == 0) {
        buf_put_str(out, " | evaluate it |\n");
    } else {
        buf_put_str(out, " | `");
        put_cell(out, rule->remedy);
        buf_put_str(out, "` |\n");
    }
}

static const char intro[] =
    "# Rules of readiness\n"
    "\n"
    "What keeps an evaluation from counting, a route from being proven, a pack from being ready. The judges walk these "
    "rows in\n"
    "this order (`projections/ready/readiness_*.def`), and `ledger state --rules` prints this page from them. Each row "
    "whose\n"
    "condition is true is a finding. All findings are listed: in `reason` as text, and in the list `missing` (`about`, "
    "`reason`,\n"
    "`remedy`, `rule`). The first one determines the state. Without a finding an evaluation counts, a route is proven, a "
    "pack is\n"
    "ready.\n"
    "\n"
    "In words and remedies `{name}` is replaced by a fact. In a remedy, replace what is in capital letters (`VALUE`, "
    "`TIER`) and\n"
    "type the rest as printed, with the `-C DIR` of the command that printed it. `evaluate it` stands for\n"
    "\n"
    "    " READINESS_EVALUATE "\n"
    "\n"
    "where `{evaluate}` names the suite's file and the route, pack or model ([evaluations.md](evaluations.md)).\n"
    "\n"
    "Of the evaluations of a route as it is now, the newest that passed in full or failed decides. One that proves "
    "nothing\n"
    "neither counts nor displaces an older one; one that may have failed, because one of its bodies was erased, displaces "
    "it.\n"
    "A suite's tasks are those of the declaration with the digest that the evaluation names, or else of the newest "
    "declaration\n"
    "without a digest; if the evaluation names no digest, those of the newest declaration. An entry of a pack's lists that "
    "does\n"
    "not say whether it is required is required.\n";

void readiness_doc(struct buf *out) {
    static const struct {
        const char *subject, *title;
    } parts[] = {{"eval.", "An evaluation counts unless"}, {"proof.", "A route is proven unless"},
                 {"route.", "A route is ready unless"},    {"need.", "A pack has all that it needs unless"},
                 {"pack.", "A pack is ready unless"},      {"promotion.", "A candidate may be promoted unless"}};
    buf_put_str(out, intro);
    for (size_t p = 0; p < sizeof(parts) / sizeof(parts[0]); p++) {
        bool any = false;
        for (size_t i = 0; i < READINESS_RULES; i++) {
            if (strncmp(readiness_rules[i].name, parts[p].subject, strlen(parts[p].subject)) != 0) {
                continue;
            }
            if (!any) {
                buf_printf(out, "\n## %s\n\n| Rule | When | State | Words | Remedy |\n|---|---|---|---|---|\n",
                           parts[p].title);
                any = true;
            }
            put_rule(out, &readiness_rules[i]);
        }
    }
}
