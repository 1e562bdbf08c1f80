/* A suite: cases with inputs and expectations, and the thresholds that what came of them has to reach. What is read here has
 * been checked: a struct suite has no faults. Texts are borrowed from the suite and live until suite_free.
 *
 * The form is ledger-suite/v0 (docs/suites.md). Numbers that are absent are SUITE_ABSENT or NAN, texts and lists empty. */
#ifndef EVALS_SUITE_SUITE_H
#define EVALS_SUITE_SUITE_H

#include "base/bytes.h"
#include "base/hash.h"

#define SUITE_SCHEMA_NAME "ledger-suite/v0"
#define SUITE_CASES_MAX   200000
#define SUITE_WEIGHT_MAX  1e6                   /* sums of weights stay exact enough to compare */
#define SUITE_SEED_MAX    (INT64_MAX - 1000000) /* each repeat adds one */
#define SUITE_NAME_MAX    128                   /* of suites, cases and baselines */
#define SUITE_TIMEOUT_MS  60000
#define SUITE_CONFIDENCE  0.95
#define SUITE_ABSENT      UINT64_MAX

/* ---- what a case is given ---- */

struct suite_message {
    struct bytes role, text; /* system, user, assistant, tool */
};
/* A file that the case names: for a pack's input of that name, or attached to the message as text. Its content is hashed when
 * the suite is loaded. */
struct suite_file {
    struct bytes name, path; /* path: relative to the suite's directory, as written; beneath it, no link on the way */
    uint8_t digest[HASH_LEN];
    uint64_t size;
};

/* ---- what is expected ---- */

enum suite_check_type {
    SUITE_EQUALS,        /* text, whitespace at both ends apart with `trim` */
    SUITE_CONTAINS,      /* text, in the order of bytes; `ignore_case`: ASCII letters */
    SUITE_REGEX,         /* text: a PCRE2 pattern that is found somewhere in the output */
    SUITE_JSON,          /* pointer, value: the JSON value there is equal to it */
    SUITE_SCHEMA,        /* value: a JSON Schema of the named subset; of the output, or of what `pointer` leads to */
    SUITE_NUMBER,        /* number, tolerance, relative: the output, or what `pointer` leads to, is a number that near */
    SUITE_EDIT_DISTANCE, /* text, at_most: Levenshtein's distance in characters, divided by the longer length: 0 to 1 */
    SUITE_TOKEN_F1,      /* text, at_least: F1 of the multisets of words, as SQuAD has it: 0 to 1 */
    SUITE_EXIT,          /* number: exit status of a program */
    SUITE_JUDGE,         /* text: a rubric; scale and at_least: what a model has to give it */
    SUITE_CHECK_TYPES
};
extern const char *const suite_check_names[SUITE_CHECK_TYPES]; /* "equals", "contains", "regex", "json", ... */

struct suite_check {
    enum suite_check_type type;
    bool not ;              /* it is met when it would not be */
    bool trim, ignore_case; /* SUITE_EQUALS, SUITE_CONTAINS, SUITE_REGEX */
    struct bytes text;      /* see above */
    struct bytes pointer;   /* RFC 6901; ptr.p NULL: the whole output */
    struct bytes value;     /* JSON text, compact */
    struct bytes output; /* which output of a pack's run it is about; empty: the answer, or a program's standard output */
    double number, tolerance, relative; /* relative: of the expected number's size; the wider of both counts */
    double at_least, at_most;           /* NAN: not stated */
    double scale[2];                    /* SUITE_JUDGE: the lowest and the highest */
};

/* ---- cases ---- */

struct suite_case {
    struct bytes id; /* unique in the suite */
    const struct bytes *tags;
    size_t tags_n;
    double weight; /* above 0; 1 unless stated */
    uint64_t repeats, timeout_ms;
    bool seeded;
    int64_t seed; /* of repeat r: seed + r */
    bool probe;   /* its answer has to be the same as before, byte for byte */
    /* One of: text or messages (of a model), arguments (of a program), files alone (of a pack). */
    struct bytes text, system;
    const struct suite_message *messages;
    size_t messages_n;
    const struct suite_file *files;
    size_t files_n;
    const struct bytes *arguments; /* of a program: after the command's own words. Of a pack: NAME=VALUE */
    size_t arguments_n;
    const struct suite_check *checks; /* all must be met */
    size_t checks_n;
    uint8_t digest[HASH_LEN]; /* of all of the above, its files' contents and the suite's defaults for it included */
};

/* ---- thresholds ---- */

enum suite_metric {
    SUITE_PASS_RATE,      /* lower bound of Wilson's interval of the weighted pass rate, at `confidence` */
    SUITE_LATENCY_P50_MS, /* nearest-rank percentiles; a sample that ran into its limit is slower than any */
    SUITE_LATENCY_P95_MS,
    SUITE_LATENCY_P99_MS,
    SUITE_COST,       /* of all samples together, in units of currency */
    SUITE_REGRESSION, /* lower bound of the paired difference of pass rates, against `baseline`; threshold: minus the margin */
    SUITE_VIOLATIONS, /* steps or calls that a policy refused */
    SUITE_PROBES,     /* probes whose answers differ from the baseline's */
    SUITE_METRICS
};
/* "pass_rate_lower", "latency_p50_ms", ..., "cost", "regression_lower", "violations", "probes_changed": the metric of
 * eval.scored and of suites in states. */
extern const char *const suite_metric_names[SUITE_METRICS];
bool suite_metric_is_better_higher(enum suite_metric metric);

struct suite_threshold {
    enum suite_metric metric;
    double value, confidence;
    struct bytes baseline; /* SUITE_REGRESSION, SUITE_PROBES: its name */
};

/* ---- a suite ---- */

struct suite_judge { /* the model that answers SUITE_JUDGE */
    struct bytes protocol, url, model, key_file;
};

struct suite {
    struct bytes name, version, description;
    struct bytes settings; /* a JSON object: the sampler's settings that every call is given, seed apart; "{}" */
    uint64_t max_tokens;   /* of an answer; 0: as the server likes */
    double prompt_price, completion_price; /* units of currency for a million tokens; 0 */
    uint64_t max_age_s;                    /* for how long a result counts; 0: for good */
    struct suite_judge judge;              /* url.n 0: none */
    const struct suite_threshold *thresholds;
    size_t thresholds_n;
    const struct suite_case *cases;
    size_t cases_n;
    uint8_t digest[HASH_LEN];      /* of the definition as it is meant, not of its spelling, and of data_digest */
    uint8_t data_digest[HASH_LEN]; /* of the contents of all files that cases name */
    const char *directory;         /* that paths are relative to */
};

/* Called for everything that is wrong, in the order of the text. `path`: the file; line 0: no place in it. */
typedef void suite_fault_fn(void *ctx, const char *path, unsigned line, unsigned column, const char *what);

/* Reads a file, YAML or JSON by its content, and the files that its cases name, which have to be beneath its directory with no
 * link on the way. Of all faults the first 200 are told, in the order of the text, and then how many more there are.
 * ERR_INVALID when `fault` was called at least once. ERR_NOTFOUND: there is no such file. *ret is not set on any failure. */
int suite_load(const char *path, suite_fault_fn *fault, void *ctx, struct suite **ret, struct err *err);
void suite_free(struct suite *suite); /* NULL is fine */

/* What rooms above know of checks and thresholds: judged while places are known. */
struct suite_rules {
    int (*check)(const struct suite_check *check, struct err *err); /* ERR_INVALID: no sample can make it right */
    /* The lower bound of the pass rate's interval when all `n` samples pass; n is Kish's size of a weighted sample. */
    double (*best)(double n, double confidence);
    /* The same of the difference to a baseline: when nothing got worse, or, `better`, when all pass and none did before. */
    double (*best_change)(double n, double confidence, bool better);
};
/* The same by these rules; a member that is NULL asks nothing. */
int suite_load_by(const char *path, const struct suite_rules *rules, suite_fault_fn *fault, void *ctx, struct suite **ret,
                  struct err *err);

/* fields.def, for the JSON Schema and the documents (packs/manifest/schema.h). */
struct form;
extern const struct form suite_form;

/* Appends a small suite which has no fault: as YAML with comments, or the same as JSON. */
int suite_fresh(bool json, struct buf *out, struct err *err);

#endif
