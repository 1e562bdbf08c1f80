/* One expectation, decided.
 *
 *   which output --> its form (there at all, JSON, a number) --> the comparison --> `not` --> met, unmet, error
 *
 * A function of a type says of the comparison whether it holds; `not` turns that answer and nothing else. What cannot be
 * compared is unmet both ways, what cannot be decided is an error both ways. The reasons do not repeat the output,
 * which is private. */
#include "evals/check/check.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/locale.h"
#include "base/text.h"
#include "evals/check/measure.h"
#include "evals/check/node.h"
#include "evals/check/regex.h"
#include "evals/check/schema.h"

#define NUMBER_MAX 512 /* bytes of a text that is read as a number */

enum found {
    HOLDS,
    FAILS,
    NO_FORM, /* it cannot be compared */
    UNKNOWN  /* it cannot be decided */
};

struct question {
    const struct suite_check *check;
    const struct check_given *given;
    struct bytes output;
    double measure;
    char why[CHECK_WHY_MAX];
};

typedef int decide_fn(struct question *q, enum found *ret, struct err *err);

static enum found because(struct question *q, enum found found, const char *why) {
    snprintf(q->why, sizeof(q->why), "%.*s", CHECK_WHY_MAX - 1, why);
    return found;
}

/* An error of the output, not of the system, is an answer. */
static int answer_of(struct question *q, int rc, enum found found, enum found *ret, struct err *err, const struct err *of) {
    if (rc == ERR_NOMEM || rc == ERR_IO) {
        return err_set(err, rc, "%s", of->msg);
    }
    *ret = because(q, found, of->msg);
    return 0;
}

/* ---- texts ---------------------------------------------------------------------------------------------------------- */

static bool is_blank(uint8_t c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static struct bytes trimmed(struct bytes b) {
    while (b.n > 0 && is_blank(b.p[b.n - 1])) {
        b.n--;
    }
    while (b.n > 0 && is_blank(b.p[0])) {
        b.p++;
        b.n--;
    }
    return b;
}

static uint8_t lower(uint8_t c) {
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 'a' - 'A') : c;
}

static bool same(uint8_t a, uint8_t b, bool ignore_case) {
    return a == b || (ignore_case && lower(a) == lower(b));
}

static int decide_equals(struct question *q, enum found *ret, struct err *err) {
    (void)err;
    bool trim = q->check->trim;
    struct bytes a = trim ? trimmed(q->output) : q->output, b = trim ? trimmed(q->check->text) : q->check->text;
    size_t n = a.n < b.n ? a.n : b.n, at = 0;
    while (at < n && same(a.p[at], b.p[at], q->check->ignore_case)) {
        at++;
    }
    *ret = at == a.n && at == b.n ? HOLDS : FAILS;
    snprintf(q->why, sizeof(q->why), "differs from the expected text at byte %zu: %zu bytes, expected %zu", at + 1, a.n,
             b.n);
    return 0;
}

static void put_lower(struct buf *out, struct bytes text) {
    uint8_t *to = buf_room(out, text.n + 1);
    for (size_t i = 0; to != NULL && i < text.n; i++) {
        to[i] = lower(text.p[i]);
    }
    out->n += to != NULL ? text.n : 0;
}

static int decide_contains(struct question *q, enum found *ret, struct err *err) {
    struct bytes in = q->output, text = q->check->trim ? trimmed(q->check->text) : q->check->text;
    struct buf lower_in = {.max = in.n + 1}, lower_text = {.max = text.n + 1};
    int rc = 0;
    if (q->check->ignore_case) {
        put_lower(&lower_in, in);
        put_lower(&lower_text, text);
        rc = buf_check(&lower_in, "the output", err);
        if (rc == 0) rc = buf_check(&lower_text, "the expected text", err);
        in = bytes_of_buf(&lower_in);
        text = bytes_of_buf(&lower_text);
    }
    if (rc == 0) {
        bool is_there = text.n == 0 || (in.n >= text.n && memmem(in.p, in.n, text.p, text.n) != NULL);
        *ret = because(q, is_there ? HOLDS : FAILS, "does not contain the expected text");
    }
    buf_done(&lower_in);
    buf_done(&lower_text);
    return rc;
}

static int decide_regex(struct question *q, enum found *ret, struct err *err) {
    struct regex *regex = NULL;
    struct err of = {0};
    uint64_t work = REGEX_WORK_MAX;
    bool is_there = false;
    int rc = regex_compile(q->check->text, q->check->ignore_case, &regex, err);
    if (rc != 0) return rc;
    rc = regex_find(regex, q->check->trim ? trimmed(q->output) : q->output, &work, &is_there, &of);
    regex_free(regex);
    if (rc != 0) return answer_of(q, rc, UNKNOWN, ret, err, &of);
    *ret = because(q, is_there ? HOLDS : FAILS, "the pattern is not found");
    return 0;
}

/* ---- JSON ----------------------------------------------------------------------------------------------------------- */

/* What the check is about: the output as JSON, or what the pointer leads to. *ret NULL: the answer is *ret_found already. */
static int look_into(struct question *q, struct node_tree *tree, const struct node **ret, enum found *ret_found,
                     enum found nowhere, struct err *err) {
    struct err of = {0};
    struct bytes pointer = q->check->pointer;
    int rc = node_read(q->output, tree, &of);
    *ret = NULL;
    if (rc == ERR_INVALID) {
        *ret_found = NO_FORM;
        snprintf(q->why, sizeof(q->why), "the output is not JSON, or not JSON that is read here, at %.*s",
                 (int)strcspn(of.msg, ":"), of.msg);
        return 0;
    }
    if (rc != 0) return answer_of(q, rc, UNKNOWN, ret_found, err, &of);
    rc = pointer.p != NULL ? node_at(&tree->root, pointer, ret, &of) : 0;
    if (rc != 0) return answer_of(q, rc, rc == ERR_NOTFOUND ? nowhere : UNKNOWN, ret_found, err, &of);
    if (pointer.p == NULL) *ret = &tree->root;
    return 0;
}

static int decide_json(struct question *q, enum found *ret, struct err *err) {
    struct node_tree tree, wanted;
    const struct node *v = NULL;
    uint64_t steps = NODE_STEPS_MAX;
    int rc = node_read(q->check->value, &wanted, err);
    if (rc != 0) {
        node_done(&wanted);
        return rc;
    }
    rc = look_into(q, &tree, &v, ret, FAILS, err);
    if (rc == 0 && v != NULL) {
        *ret = because(q, node_equal(v, &wanted.root, &steps) ? HOLDS : FAILS, "the JSON value is not the expected one");
        if (v->type == NODE_NUMBER) q->measure = v->real;
        if (steps == 0) *ret = because(q, UNKNOWN, "the JSON value is too large to compare");
    }
    node_done(&tree);
    node_done(&wanted);
    return rc;
}

static int decide_schema(struct question *q, enum found *ret, struct err *err) {
    struct node_tree tree, schema;
    struct err of = {0};
    const struct node *v = NULL;
    char why[SCHEMA_WHY_MAX] = "";
    bool valid = false;
    int rc = node_read(q->check->value, &schema, err);
    if (rc == 0) rc = schema_check(&schema.root, err);
    if (rc != 0) {
        node_done(&schema);
        return rc;
    }
    rc = look_into(q, &tree, &v, ret, NO_FORM, err);
    if (rc == 0 && v != NULL) {
        rc = schema_holds(&schema.root, v, &valid, why, &of);
        *ret = because(q, valid ? HOLDS : FAILS, why);
        if (rc != 0) rc = answer_of(q, rc, UNKNOWN, ret, err, &of);
    }
    node_done(&tree);
    node_done(&schema);
    return rc;
}

/* ---- numbers -------------------------------------------------------------------------------------------------------- */

/* [-+]? digits [. digits] [eE [-+]? digits], with digits before or after the point. */
static bool has_number_form(const char *s) {
    static const char digits[] = "0123456789";
    s += *s == '-' || *s == '+';
    size_t whole = strspn(s, digits), part = 0;
    s += whole;
    if (*s == '.') {
        part = strspn(s + 1, digits);
        s += 1 + part;
    }
    if (whole + part == 0) return false;
    if (*s == 'e' || *s == 'E') {
        s += 1 + (s[1] == '-' || s[1] == '+');
        if (strspn(s, digits) == 0) return false;
        s += strspn(s, digits);
    }
    return *s == '\0';
}

/* The whole text, whitespace at its ends apart, is one number that a 64-bit float can hold. */
static int read_number(struct bytes text, bool *ret_is, double *ret, struct err *err) {
    char s[NUMBER_MAX + 1];
    struct locale_c locale;
    text = trimmed(text);
    *ret_is = false;
    if (text.n > NUMBER_MAX || bytes_find(text, '\0') != NULL) return 0;
    bytes_copy(s, text);
    s[text.n] = '\0';
    if (!has_number_form(s)) return 0;
    int rc = locale_c_begin(&locale, err);
    if (rc != 0) return rc;
    *ret = strtod(s, NULL);
    locale_c_end(&locale);
    *ret_is = isfinite(*ret);
    return 0;
}

static double or_zero(double v) {
    return isnan(v) ? 0 : v;
}

/* A decimal number is read to within half a unit of its last binary place, so 1.1 - 1 is more than 0.1: twice what such errors can
 * add up to is no distance. Where no distance is allowed, none is. */
static double rounding(double a, double b, double wide) {
    return wide > 0 ? 2 * DBL_EPSILON * fabs(a) + 2 * DBL_EPSILON * fabs(b) + 2 * DBL_EPSILON * wide : 0;
}

static enum found compare_number(struct question *q, double v) {
    const struct suite_check *c = q->check;
    double wide = fmax(or_zero(c->tolerance), or_zero(c->relative) * fabs(c->number)), apart = fabs(v - c->number);
    char room[LOCALE_REAL_MAX], limit[LOCALE_REAL_MAX];
    q->measure = v;
    const bool close = strcmp(locale_real(room, apart), locale_real(limit, wide)) == 0;
    snprintf(q->why, sizeof(q->why), "the number is %s%s away from the expected one", close ? "more than " : "", room);
    return isfinite(apart) && apart <= wide + rounding(v, c->number, wide) ? HOLDS : FAILS;
}

static int decide_number(struct question *q, enum found *ret, struct err *err) {
    struct node_tree tree;
    const struct node *v = NULL;
    double number = 0;
    bool is_number = false;
    int rc;
    if (q->check->pointer.p == NULL) {
        rc = read_number(q->output, &is_number, &number, err);
        if (rc != 0) return rc;
        *ret = is_number ? compare_number(q, number) : because(q, NO_FORM, "the output is not one finite decimal number");
        return 0;
    }
    rc = look_into(q, &tree, &v, ret, NO_FORM, err);
    if (rc == 0 && v != NULL) {
        *ret = v->type == NODE_NUMBER ? compare_number(q, v->real)
                                      : because(q, NO_FORM, "what the JSON Pointer leads to is not a number");
    }
    node_done(&tree);
    return rc;
}

/* ---- measures, status, judge ---------------------------------------------------------------------------------------- */

static int decide_measure(struct question *q, enum found *ret, struct err *err) {
    bool is_distance = q->check->type == SUITE_EDIT_DISTANCE;
    struct bytes a = q->check->trim ? trimmed(q->output) : q->output,
                 b = q->check->trim ? trimmed(q->check->text) : q->check->text;
    struct err of = {0};
    char room[LOCALE_REAL_MAX];
    if (text_utf8_valid(a.p, a.n) < a.n) {
        *ret = because(q, UNKNOWN, "the output is not valid UTF-8");
        return 0;
    }
    int rc = is_distance ? measure_edit_distance(a, b, &q->measure, &of) : measure_token_f1(a, b, &q->measure, &of);
    if (rc != 0) return answer_of(q, rc, UNKNOWN, ret, err, &of);
    *ret = (is_distance ? q->measure <= q->check->at_most : q->measure >= q->check->at_least) ? HOLDS : FAILS;
    snprintf(q->why, sizeof(q->why), "the %s is %s", is_distance ? "edit distance" : "token F1",
             locale_real(room, q->measure));
    return 0;
}

static int decide_exit(struct question *q, enum found *ret, struct err *err) {
    (void)err;
    if (!q->given->has_exit) {
        *ret = because(q, UNKNOWN, "no program ended with a status");
        return 0;
    }
    q->measure = q->given->exit;
    *ret = q->measure == q->check->number ? HOLDS : FAILS;
    snprintf(q->why, sizeof(q->why), "the exit status is %d", q->given->exit);
    return 0;
}

static int decide_judge(struct question *q, enum found *ret, struct err *err) {
    (void)err;
    double score = q->given->judged;
    const double *scale = q->check->scale;
    char room[LOCALE_REAL_MAX];
    if (!q->given->has_judged) {
        *ret = because(q, UNKNOWN, "the judge gave no score");
    } else if (!(score >= scale[0] && score <= scale[1])) { /* NAN too */
        *ret = because(q, UNKNOWN, "the judge's score is outside its scale");
    } else {
        q->measure = score;
        *ret = score >= q->check->at_least ? HOLDS : FAILS;
        snprintf(q->why, sizeof(q->why), "the judge's score is %s", locale_real(room, score));
    }
    return 0;
}

/* ---- all ------------------------------------------------------------------------------------------------------------ */

static decide_fn *const decides[SUITE_CHECK_TYPES] = {
    [SUITE_EQUALS] = decide_equals,
    [SUITE_CONTAINS] = decide_contains,
    [SUITE_REGEX] = decide_regex,
    [SUITE_JSON] = decide_json,
    [SUITE_SCHEMA] = decide_schema,
    [SUITE_NUMBER] = decide_number,
    [SUITE_EDIT_DISTANCE] = decide_measure,
    [SUITE_TOKEN_F1] = decide_measure,
    [SUITE_EXIT] = decide_exit,
    [SUITE_JUDGE] = decide_judge,
};

static bool is_of_output(const struct suite_check *check) {
    return check->type != SUITE_EXIT && check->type != SUITE_JUDGE;
}

/* Its pattern or value is read to decide it, which finds the same faults. */
static bool is_read_anyway(const struct suite_check *check) {
    return check->type == SUITE_REGEX || check->type == SUITE_JSON || check->type == SUITE_SCHEMA;
}

static int decide(struct question *q, enum found *ret, struct err *err) {
    const struct check_given *given = q->given;
    if (is_of_output(q->check) && q->check->output.n > 0 &&
        (given->named == NULL || !given->named(given->named_ctx, q->check->output, &q->output))) {
        *ret = because(q, NO_FORM, "there is no output of that name");
        return 0;
    }
    return decides[q->check->type](q, ret, err);
}

int check_one(const struct suite_check *check, const struct check_given *given, struct check_outcome *ret,
              struct err *err) {
    struct question q = {.check = check, .given = given, .output = given->output, .measure = NAN};
    enum found found = UNKNOWN;
    int rc = !is_read_anyway(check)     ? check_is_sound(check, err)
             : check->pointer.p != NULL ? node_pointer_check(check->pointer, err)
                                        : 0;
    if (rc == 0) rc = decide(&q, &found, err);
    if (rc != 0) return rc;
    bool holds = found == HOLDS;
    if (check->not &&(found == HOLDS || found == FAILS)) holds = !holds;
    *ret = (struct check_outcome){.end = found == UNKNOWN ? CHECK_ERROR
                                         : holds          ? CHECK_MET
                                                          : CHECK_UNMET,
                                  .measure = q.measure};
    if (found == HOLDS && check->not ) {
        snprintf(ret->why, sizeof(ret->why), "what must not hold holds");
    } else if (ret->end != CHECK_MET) {
        snprintf(ret->why, sizeof(ret->why), "%s", q.why);
    }
    return 0;
}
