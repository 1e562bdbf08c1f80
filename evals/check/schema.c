/* Is a value valid under a JSON Schema of the named subset?
 *
 * Each keyword is a function that says whether it holds; a keyword about another type than the value's holds. Keywords of one
 * schema are tried in the order of their names. Each pattern is compiled once per check, and all searches share one
 * budget, as all comparisons do. */
#include "evals/check/schema.h"

#include <stdio.h>

#include "evals/check/regex.h"

#define AT_DEPTH_MAX 33 /* the value, and what may be within it */

struct run {
    uint64_t steps, work;
    struct {
        const struct node *text;
        struct regex *regex;
    } patterns[SCHEMA_PATTERNS_MAX];
    size_t n_patterns;
    struct {
        const struct node *in;
        size_t index;
    } at[AT_DEPTH_MAX]; /* from the whole value to the one in question */
    unsigned depth;
    char *why;
    bool has_why;
};

typedef int holds_fn(struct run *run, const struct node *schema, const struct node *wanted, const struct node *v, bool *ret,
                     struct err *err);

static int holds(struct run *run, const struct node *schema, const struct node *v, bool *ret, struct err *err);

/* ---- why ------------------------------------------------------------------------------------------------------------ */

/* Names of the output's own keys would repeat the output, so only its lists' indices are stated, and how deep it is. */
static void explain(struct run *run, const char *keyword) {
    char at[64] = "";
    size_t n = 0;
    if (run->has_why) return;
    run->has_why = true;
    for (unsigned i = 0; i < run->depth && n + 24 < sizeof(at); i++) {
        bool list = run->at[i].in->type == NODE_LIST;
        n += (size_t)(list ? snprintf(at + n, sizeof(at) - n, "/%zu", run->at[i].index)
                           : snprintf(at + n, sizeof(at) - n, "/*"));
    }
    snprintf(run->why, SCHEMA_WHY_MAX, "'%s' of the JSON Schema does not hold%s%s", keyword, n > 0 ? " at " : "", at);
}

static int holds_within(struct run *run, const struct node *schema, const struct node *in, size_t index, bool *ret,
                        struct err *err) {
    if (run->depth == AT_DEPTH_MAX) return err_set(err, ERR_LIMIT, "the value is nested too deep");
    run->at[run->depth].in = in;
    run->at[run->depth++].index = index;
    int rc = holds(run, schema, &in->items[index], ret, err);
    run->depth--;
    return rc;
}

/* ---- keywords ------------------------------------------------------------------------------------------------------- */

static bool is_of_type(const struct node *v, struct bytes name) {
    static const char *const names[] = {[NODE_NULL] = "null",   [NODE_BOOL] = "boolean", [NODE_NUMBER] = "number",
                                        [NODE_TEXT] = "string", [NODE_LIST] = "array",   [NODE_MAP] = "object"};
    return bytes_is(name, names[v->type]) || (bytes_is(name, "integer") && node_is_integer(v));
}

static int type_holds(struct run *run, const struct node *schema, const struct node *wanted, const struct node *v,
                      bool *ret, struct err *err) {
    (void)run;
    (void)schema;
    (void)err;
    *ret = wanted->type == NODE_TEXT && is_of_type(v, wanted->text);
    for (size_t i = 0; wanted->type == NODE_LIST && !*ret && i < wanted->n; i++) {
        *ret = is_of_type(v, wanted->items[i].text);
    }
    return 0;
}

static int properties_hold(struct run *run, const struct node *schema, const struct node *wanted, const struct node *v,
                           bool *ret, struct err *err) {
    (void)schema;
    int rc = 0;
    *ret = true;
    for (size_t i = 0; rc == 0 && *ret && v->type == NODE_MAP && i < v->n; i++) {
        const struct node *of = node_member(wanted, v->keys[i]);
        if (of != NULL) rc = holds_within(run, of, v, i, ret, err);
    }
    return rc;
}

static int additional_hold(struct run *run, const struct node *schema, const struct node *wanted, const struct node *v,
                           bool *ret, struct err *err) {
    const struct node *properties = node_member(schema, bytes_of("properties"));
    int rc = 0;
    *ret = true;
    for (size_t i = 0; rc == 0 && *ret && v->type == NODE_MAP && i < v->n; i++) {
        if (properties == NULL || node_member(properties, v->keys[i]) == NULL)
            rc = holds_within(run, wanted, v, i, ret, err);
    }
    return rc;
}

static int required_holds(struct run *run, const struct node *schema, const struct node *wanted, const struct node *v,
                          bool *ret, struct err *err) {
    (void)run;
    (void)schema;
    (void)err;
    *ret = true;
    for (size_t i = 0; *ret && v->type == NODE_MAP && i < wanted->n; i++) {
        *ret = node_member(v, wanted->items[i].text) != NULL;
    }
    return 0;
}

static int items_hold(struct run *run, const struct node *schema, const struct node *wanted, const struct node *v,
                      bool *ret, struct err *err) {
    (void)schema;
    int rc = 0;
    *ret = true;
    for (size_t i = 0; rc == 0 && *ret && v->type == NODE_LIST && i < v->n; i++) {
        rc = holds_within(run, wanted, v, i, ret, err);
    }
    return rc;
}

static int enum_holds(struct run *run, const struct node *schema, const struct node *wanted, const struct node *v,
                      bool *ret, struct err *err) {
    (void)schema;
    (void)err;
    *ret = false;
    for (size_t i = 0; !*ret && i < wanted->n && run->steps > 0; i++) {
        *ret = node_equal(&wanted->items[i], v, &run->steps);
    }
    return 0;
}

static int const_holds(struct run *run, const struct node *schema, const struct node *wanted, const struct node *v,
                       bool *ret, struct err *err) {
    (void)schema;
    (void)err;
    *ret = node_equal(wanted, v, &run->steps);
    return 0;
}

static int minimum_holds(struct run *run, const struct node *schema, const struct node *wanted, const struct node *v,
                         bool *ret, struct err *err) {
    (void)run;
    (void)schema;
    (void)err;
    *ret = v->type != NODE_NUMBER || node_compare_numbers(v, wanted) >= 0;
    return 0;
}

static int maximum_holds(struct run *run, const struct node *schema, const struct node *wanted, const struct node *v,
                         bool *ret, struct err *err) {
    (void)run;
    (void)schema;
    (void)err;
    *ret = v->type != NODE_NUMBER || node_compare_numbers(v, wanted) <= 0;
    return 0;
}

static double characters(struct bytes text) {
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++) {
        n += (text.p[i] & 0xc0) != 0x80;
    }
    return (double)n;
}

static int min_length_holds(struct run *run, const struct node *schema, const struct node *wanted, const struct node *v,
                            bool *ret, struct err *err) {
    (void)run;
    (void)schema;
    (void)err;
    *ret = v->type != NODE_TEXT || characters(v->text) >= wanted->real;
    return 0;
}

static int max_length_holds(struct run *run, const struct node *schema, const struct node *wanted, const struct node *v,
                            bool *ret, struct err *err) {
    (void)run;
    (void)schema;
    (void)err;
    *ret = v->type != NODE_TEXT || characters(v->text) <= wanted->real;
    return 0;
}

static int pattern_holds(struct run *run, const struct node *schema, const struct node *wanted, const struct node *v,
                         bool *ret, struct err *err) {
    (void)schema;
    size_t i = 0;
    *ret = true;
    if (v->type != NODE_TEXT) return 0;
    while (i < run->n_patterns && run->patterns[i].text != wanted) {
        i++;
    }
    if (i == run->n_patterns) {
        int rc = i < SCHEMA_PATTERNS_MAX ? regex_compile(wanted->text, false, &run->patterns[i].regex, err)
                                         : err_set(err, ERR_LIMIT, "too many patterns in one schema");
        if (rc != 0) return rc;
        run->patterns[i].text = wanted;
        run->n_patterns++;
    }
    return regex_find(run->patterns[i].regex, v->text, &run->work, ret, err);
}

/* ---- schemas -------------------------------------------------------------------------------------------------------- */

static const struct keyword {
    const char *name;
    holds_fn *holds;
} keywords[] = {
    {"additionalProperties", additional_hold},
    {"const", const_holds},
    {"enum", enum_holds},
    {"items", items_hold},
    {"maxLength", max_length_holds},
    {"maximum", maximum_holds},
    {"minLength", min_length_holds},
    {"minimum", minimum_holds},
    {"pattern", pattern_holds},
    {"properties", properties_hold},
    {"required", required_holds},
    {"type", type_holds},
};

static int holds(struct run *run, const struct node *schema, const struct node *v, bool *ret, struct err *err) {
    int rc = 0;
    *ret = schema->type == NODE_MAP || schema->boolean;
    if (!*ret) explain(run, "false");
    for (size_t i = 0; rc == 0 && *ret && i < sizeof(keywords) / sizeof(keywords[0]); i++) {
        const struct node *wanted = node_member(schema, bytes_of(keywords[i].name));
        if (run->steps == 0) return err_set(err, ERR_LIMIT, "the JSON value is too large for this schema");
        run->steps--;
        if (wanted != NULL) {
            rc = keywords[i].holds(run, schema, wanted, v, ret, err);
            if (rc == 0 && run->steps == 0) rc = err_set(err, ERR_LIMIT, "the JSON value is too large for this schema");
            if (rc == 0 && !*ret) explain(run, keywords[i].name);
        }
    }
    return rc;
}

int schema_holds(const struct node *schema, const struct node *v, bool *ret, char ret_why[SCHEMA_WHY_MAX],
                 struct err *err) {
    struct run run = {.steps = NODE_STEPS_MAX, .work = REGEX_WORK_MAX, .why = ret_why};
    bool valid = false;
    int rc = holds(&run, schema, v, &valid, err);
    for (size_t i = 0; i < run.n_patterns; i++) {
        regex_free(run.patterns[i].regex);
    }
    if (rc == 0) *ret = valid;
    return rc;
}
