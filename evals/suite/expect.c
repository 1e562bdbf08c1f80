/* A table of which keys each check needs and takes, then the ranges of their values. */
#include "evals/suite/expect.h"

#include <math.h>
#include <stdio.h>

#include "base/json.h"
#include "base/text.h"
#include "evals/suite/value.h"

#define VALUE_MAX  ((size_t)1 << 20)
#define KEYS_WORDS 160

enum {
    K_TEXT = 1,
    K_TRIM = 2,
    K_IGNORE_CASE = 4,
    K_POINTER = 8,
    K_VALUE = 16,
    K_NUMBER = 32,
    K_TOLERANCE = 64,
    K_RELATIVE = 128,
    K_AT_LEAST = 256,
    K_AT_MOST = 512,
    K_SCALE = 1024,
    K_OUTPUT = 2048,
    KEYS = 12,
    K_NUMBERS = K_NUMBER | K_TOLERANCE | K_RELATIVE | K_AT_LEAST | K_AT_MOST
};
static const char *const keys[KEYS] = {"text",      "trim",     "ignore_case", "pointer", "value", "number",
                                       "tolerance", "relative", "at_least",    "at_most", "scale", "output"};

static const struct {
    unsigned needs, takes; /* takes: besides */
} rows[SUITE_CHECK_TYPES] = {
    [SUITE_EQUALS] = {K_TEXT, K_TRIM | K_IGNORE_CASE | K_OUTPUT},
    [SUITE_CONTAINS] = {K_TEXT, K_TRIM | K_IGNORE_CASE | K_OUTPUT},
    [SUITE_REGEX] = {K_TEXT, K_TRIM | K_IGNORE_CASE | K_OUTPUT},
    [SUITE_JSON] = {K_VALUE, K_POINTER | K_OUTPUT},
    [SUITE_SCHEMA] = {K_VALUE, K_POINTER | K_OUTPUT},
    [SUITE_NUMBER] = {K_NUMBER, K_TOLERANCE | K_RELATIVE | K_POINTER | K_OUTPUT},
    [SUITE_EDIT_DISTANCE] = {K_TEXT | K_AT_MOST, K_TRIM | K_OUTPUT},
    [SUITE_TOKEN_F1] = {K_TEXT | K_AT_LEAST, K_OUTPUT},
    [SUITE_EXIT] = {K_NUMBER, 0},
    [SUITE_JUDGE] = {K_TEXT | K_SCALE | K_AT_LEAST, K_OUTPUT},
};

static const char *words_of(unsigned set, char ret[KEYS_WORDS]) {
    size_t at = 0;
    ret[0] = '\0';
    for (unsigned i = 0; i < KEYS; i++) {
        if ((set & 1U << i) == 0) continue;
        at += (size_t)snprintf(ret + at, KEYS_WORDS - at, "%s%s", at > 0 ? ", " : "", keys[i]);
    }
    return ret;
}

/* False: a key that it needs is missing, or has no value. */
static bool check_keys(struct reading *r, const struct form_expectation *form, enum suite_check_type type) {
    const unsigned takes = rows[type].needs | rows[type].takes;
    char words[KEYS_WORDS];
    bool whole = true;
    for (unsigned i = 0; i < KEYS; i++) {
        const struct yaml_node *value = yaml_get(form->node, keys[i]);
        if (value != NULL && (takes & 1U << i) == 0) {
            suite_read_fault(r, value->key_at, "'%s' is not for the check %s, which takes %s", keys[i],
                             suite_check_names[type], words_of(takes, words));
        } else if (value == NULL && (rows[type].needs & 1U << i) != 0) {
            suite_read_fault(r, form->node->at, "the check %s needs '%s'", suite_check_names[type], keys[i]);
            whole = false;
        }
        whole =
            whole && (value == NULL || (K_NUMBERS & 1U << i) == 0 || value->type == YAML_INT || value->type == YAML_FLOAT);
    }
    return whole;
}

static void check_range(struct reading *r, const struct form_expectation *form, const char *key,
                        struct manifest_number number, double min, double max) {
    if (!number.given || (number.value >= min && number.value <= max)) return;
    if (isinf(max)) {
        suite_read_fault(r, suite_read_place(form->node, key), "'%s': %.6g is less than %.6g", key, number.value, min);
    } else {
        suite_read_fault(r, suite_read_place(form->node, key), "'%s': %.6g is not between %.6g and %.6g", key, number.value,
                         min, max);
    }
}

/* A bound that every answer keeps asks nothing; with `not` nothing could pass. */
static void check_bound(struct reading *r, const struct form_expectation *form, const char *key,
                        struct manifest_number number, double loosest, const char *measure) {
    if (!number.given || number.value != loosest) return;
    suite_read_fault(r, suite_read_place(form->node, key), "'%s': %s is never %s %.6g, so nothing could %s", key, measure,
                     key[3] == 'l' ? "below" : "above", loosest, form->not ? "pass" : "fail");
}

static void check_judge(struct reading *r, const struct form_expectation *form) {
    if (!r->has_judge) {
        suite_read_fault(r, form->node->at, "the check judge needs a judge, and the suite has no 'judge'");
    }
    if (form->scale == NULL || !form->scale->lowest.given || !form->scale->highest.given) return;
    double lowest = form->scale->lowest.value, highest = form->scale->highest.value;
    if (!(lowest < highest)) {
        suite_read_fault(r, form->scale->node->at, "'scale': the lowest, %.6g, is not below the highest, %.6g", lowest,
                         highest);
    } else {
        check_range(r, form, "at_least", form->at_least, lowest, highest);
        check_bound(r, form, "at_least", form->at_least, lowest, "the score");
    }
}

static void check_ranges(struct reading *r, const struct form_expectation *form, enum suite_check_type type) {
    bool never_empty = type == SUITE_CONTAINS || type == SUITE_REGEX || type == SUITE_JUDGE;
    check_range(r, form, "tolerance", form->tolerance, 0, INFINITY);
    check_range(r, form, "relative", form->relative, 0, INFINITY);
    if (never_empty && form->text.p != NULL && form->text.n == 0) {
        suite_read_fault(r, suite_read_place(form->node, "text"), "'text' is empty, so the check %s asks nothing",
                         suite_check_names[type]);
    }
    if (type == SUITE_TOKEN_F1) {
        check_range(r, form, "at_least", form->at_least, 0, 1);
        check_bound(r, form, "at_least", form->at_least, 0, "token F1");
    } else if (type == SUITE_EDIT_DISTANCE) {
        check_range(r, form, "at_most", form->at_most, 0, 1);
        check_bound(r, form, "at_most", form->at_most, 1, "the edit distance");
    } else if (type == SUITE_EXIT) {
        check_range(r, form, "number", form->number, 0, 255);
        if (form->number.given && form->number.value != floor(form->number.value)) {
            suite_read_fault(r, suite_read_place(form->node, "number"), "'number': an exit status is a whole number");
        }
    } else if (type == SUITE_JUDGE) {
        check_judge(r, form);
    }
}

/* As compact JSON, in the suite's memory. */
static int read_value(struct reading *r, const struct yaml_node *node, struct bytes *ret, struct err *err) {
    struct buf mp = {.max = VALUE_MAX}, json = {.max = 4 * VALUE_MAX};
    struct yaml_place at = node->at;
    struct err why = {0};
    int rc = value_write(node, &mp, &at, &why);
    if (rc == 0) rc = json_from_mp(bytes_of_buf(&mp), JSON_LINE, &json, &why);
    if (rc == 0) {
        *ret = suite_read_copy(r, bytes_of_buf(&json));
    } else if (rc != ERR_NOMEM) {
        suite_read_fault(r, at, "'%.64s': %s", (const char *)node->key.p, why.msg);
        rc = 0;
    } else {
        rc = err_set(err, rc, "out of memory");
    }
    buf_done(&json);
    buf_done(&mp);
    return rc;
}

int expect_read(struct reading *r, const struct form_expectation *form, struct suite_check *ret, struct err *err) {
    size_t type = 0, errors = r->found->errors;
    struct err why = {0};
    int rc = 0;
    while (type < SUITE_CHECK_TYPES && !bytes_is(form->check, suite_check_names[type])) {
        type++;
    }
    if (type == SUITE_CHECK_TYPES) return 0; /* that was said */
    *ret = (struct suite_check){
        .type = (enum suite_check_type)type,
        .not = form->not,
        .trim = form->trim,
        .ignore_case = form->ignore_case,
        .text = suite_read_copy(r, form->text),
        .pointer = suite_read_copy(r, form->pointer),
        .output = suite_read_copy(r, form->output),
        .number = form->number.given ? form->number.value + 0.0 : NAN,
        .tolerance = form->tolerance.value + 0.0,
        .relative = form->relative.value + 0.0,
        .at_least = form->at_least.given ? form->at_least.value + 0.0 : NAN,
        .at_most = form->at_most.given ? form->at_most.value + 0.0 : NAN,
        .scale = {NAN, NAN},
    };
    if (form->scale != NULL) {
        ret->scale[0] = form->scale->lowest.value + 0.0;
        ret->scale[1] = form->scale->highest.value + 0.0;
    }
    bool whole = check_keys(r, form, ret->type);
    check_ranges(r, form, ret->type);
    if (form->value != NULL) rc = read_value(r, form->value, &ret->value, err);
    if (rc == 0 && whole && r->found->errors == errors && r->rules != NULL && r->rules->check != NULL) {
        rc = r->rules->check(ret, &why);
        if (rc == ERR_INVALID) {
            suite_read_fault(r,
                             suite_read_place(form->node, ret->type == SUITE_JSON     ? "pointer"
                                                          : ret->type == SUITE_SCHEMA ? "value"
                                                                                      : "text"),
                             "%s", why.msg);
            rc = 0;
        } else if (rc != 0) {
            err_set(err, rc, "%s", why.msg);
        }
    }
    return rc;
}
