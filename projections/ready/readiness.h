/* The rules of readiness: what keeps an evaluation from counting, a route from being proven, a pack from being ready.
 *
 * readiness.def is the one table of them: a row is a condition, the state that follows, the words for it and the command
 * that helps. The judges (eval_judge.c, proof.c, routes_judge.c, pack_judge.c, ...) check its rows in order;
 * docs/readiness.md is printed from the same rows. A row whose condition holds is a finding. A judge names all findings:
 * the first one gives the state. */
#ifndef PROJECTIONS_READY_READINESS_H
#define PROJECTIONS_READY_READINESS_H

#include "projections/rows/list.h"
#include "projections/view/reason.h"

enum readiness_id {
#define RULE(id, unmet, ...) READINESS_##id,
#include "projections/ready/readiness.def"
    READINESS_RULES
};

/* The state that follows from a finding. */
enum readiness_outcome {
    READINESS_INVALID,    /* an evaluation: it was invalidated */
    READINESS_UNFINISHED, /* it has not ended */
    READINESS_FAILED,     /* it ended without a pass: this speaks against its candidate */
    READINESS_UNDECIDED,  /* it ended, but proves nothing either way */
    READINESS_DRIFT,      /* it is not of the route as it is now */
    READINESS_NEVER,      /* a pack: it has no state */
    READINESS_REMOVED,    /* from here on: states of routes and packs */
    READINESS_PARKED,
    READINESS_OFFLINE,
    READINESS_UNPROVEN,
    READINESS_DEGRADED,
    READINESS_UNDECLARED,
    READINESS_DECLARED,
    READINESS_BLOCKED,
    READINESS_DEMO,
    READINESS_PARTIAL,
    READINESS_INSTALLED,
    READINESS_INCOMPLETE,
    READINESS_HELD,  /* a candidate is not promoted */
    READINESS_NOTED, /* the state does not change; the doctor's verdict reports it */
    READINESS_OUTCOMES
};

struct readiness_rule {
    const char *name;               /* "eval.scored": its subject, and which of the subject's rules */
    enum readiness_outcome outcome; /* what the state becomes */
    const char *word;               /* the finding in short, for the reasons of routes: "no scores"; NULL: none */
    const char *when;               /* the condition, for the documents */
    const char *words;              /* the finding in words; {fact} is replaced by a fact */
    const char *remedy; /* a command with {fact}s; words in capital letters are for a person to supply; NULL: none */
};
extern const struct readiness_rule readiness_rules[READINESS_RULES];
/* The state's name, as it is in rows and documents. */
const char *readiness_state(enum readiness_outcome outcome);

/* ---- what was found ---- */

#define READINESS_FACTS_MAX 36
#define READINESS_FOUND_MAX 36 /* more than the rules that one judge checks */

struct readiness_finding {
    enum readiness_id id;
    char words[400];
};
struct readiness {
    struct readiness_fact {
        const char *name; /* borrowed */
        char text[320];
    } fact[READINESS_FACTS_MAX];
    size_t n_facts, n;
    struct readiness_finding found[READINESS_FOUND_MAX];
};

void readiness_init(struct readiness *r);
/* Sets what {name} stands for in words that are added from here on. */
void readiness_say(struct readiness *r, const char *name, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* The fact's current text; NULL: not set. Borrowed. */
const char *readiness_fact(const struct readiness *r, const char *name);
void readiness_add(struct readiness *r, enum readiness_id id);
/* Adds the findings of another. */
void readiness_add_all(struct readiness *r, const struct readiness *other);
/* The same for the findings of an evaluation, whose name is put before the words; leaves out the rule `but`. */
void readiness_add_of(struct readiness *r, const struct readiness *other, const char *eval, enum readiness_id but);
/* Appends all findings, with "; " in between; a rule's short word comes first, as "WORD: ", unless the finding before has
 * the same. */
void readiness_tell(const struct readiness *r, bool with_words, struct reason *out);

/* Writes the findings as maps (about, reason, remedy, rule) for a CELL_LIST column. `about` is "eval/e" or "route/r". A
 * remedy's facts are requested one by one; if one is unknown (false), the remedy is left out. `fact` NULL: no remedies. */
typedef bool readiness_fact_fn(void *ctx, const char *name, struct buf *out);
/* One that has the facts of `ctx`, a struct readiness, each as a word. */
bool readiness_put_fact(void *ctx, const char *name, struct buf *out);
/* Appends a template with its {fact}s filled in; false: one of them is unknown. */
bool readiness_fill(const char *text, readiness_fact_fn *fact, void *ctx, struct buf *out);
/* Appends the remedy of one rule; false: there is none, and nothing is appended. */
bool readiness_remedy(enum readiness_id id, readiness_fact_fn *fact, void *ctx, struct buf *out);
/* Appends a text as one word of a shell command, quoted: names from outside must not become part of the command itself. */
void readiness_put_word(struct buf *out, struct bytes word);
void readiness_list(const struct readiness *r, struct bytes about, readiness_fact_fn *fact, void *ctx,
                    struct list_out *out);

/* Prints the rules as a table, for people and for docs/readiness.md. */
void readiness_doc(struct buf *out);

#endif
