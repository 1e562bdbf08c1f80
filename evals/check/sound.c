/* Is a check one that can be decided? What no output can make right is refused where the suite is read. */
#include <math.h>

#include "base/text.h"
#include "evals/check/check.h"
#include "evals/check/node.h"
#include "evals/check/regex.h"
#include "evals/check/schema.h"

static int sound_regex(const struct suite_check *check, struct err *err) {
    struct regex *regex = NULL;
    int rc = regex_compile(check->text, check->ignore_case, &regex, err);
    regex_free(regex);
    return rc;
}

static int sound_value(const struct suite_check *check, struct err *err) {
    struct node_tree tree;
    int rc = node_read(check->value, &tree, err);
    if (rc == ERR_INVALID || rc == ERR_LIMIT) {
        err_prefix(err, "'value' is not JSON");
        rc = ERR_INVALID;
    }
    if (rc == 0 && check->type == SUITE_SCHEMA) rc = schema_check(&tree.root, err);
    node_done(&tree);
    return rc;
}

static bool is_size(double v) {
    return isnan(v) || (isfinite(v) && v >= 0);
}

static int sound_number(const struct suite_check *check, struct err *err) {
    if (!isfinite(check->number)) return err_set(err, ERR_INVALID, "'number' is not a finite number");
    if (!is_size(check->tolerance)) return err_set(err, ERR_INVALID, "'tolerance' is not a finite number of at least 0");
    if (!is_size(check->relative) || isinf(check->relative * check->number)) {
        return err_set(err, ERR_INVALID, "'relative' is not a number of at least 0 that leaves a finite tolerance");
    }
    return 0;
}

static int sound_share(double v, const char *name, struct err *err) {
    return v >= 0 && v <= 1 ? 0 : err_set(err, ERR_INVALID, "'%s' is not a number from 0 to 1", name);
}

static int sound_texts(const struct suite_check *check, struct err *err) {
    if (text_utf8_valid(check->text.p, check->text.n) < check->text.n) {
        return err_set(err, ERR_INVALID, "the expected text is not valid UTF-8");
    }
    if (check->type == SUITE_EDIT_DISTANCE) return sound_share(check->at_most, "at_most", err);
    return sound_share(check->at_least, "at_least", err);
}

static int sound_judge(const struct suite_check *check, struct err *err) {
    const double *scale = check->scale;
    if (check->text.n == 0) return err_set(err, ERR_INVALID, "a judge needs a rubric");
    if (!isfinite(scale[0]) || !isfinite(scale[1]) || scale[0] >= scale[1]) {
        return err_set(err, ERR_INVALID, "'scale' is not two numbers, the lowest score and a higher one");
    }
    if (!(check->at_least >= scale[0] && check->at_least <= scale[1])) {
        return err_set(err, ERR_INVALID, "'at_least' is not a score of the scale");
    }
    return 0;
}

int check_is_sound(const struct suite_check *check, struct err *err) {
    int rc = check->pointer.p != NULL ? node_pointer_check(check->pointer, err) : 0;
    if (rc != 0) return rc;
    switch (check->type) {
    case SUITE_EQUALS:
        return 0;
    case SUITE_CONTAINS:
        return check->text.n > 0 ? 0 : err_set(err, ERR_INVALID, "every text contains an empty one");
    case SUITE_REGEX:
        return sound_regex(check, err);
    case SUITE_JSON:
    case SUITE_SCHEMA:
        return sound_value(check, err);
    case SUITE_NUMBER:
        return sound_number(check, err);
    case SUITE_EDIT_DISTANCE:
    case SUITE_TOKEN_F1:
        return sound_texts(check, err);
    case SUITE_EXIT:
        return check->number >= 0 && check->number <= 255 && floor(check->number) == check->number
                   ? 0
                   : err_set(err, ERR_INVALID, "an exit status is a whole number from 0 to 255");
    case SUITE_JUDGE:
        return sound_judge(check, err);
    case SUITE_CHECK_TYPES:
        break;
    }
    return err_set(err, ERR_INVALID, "unknown type of check");
}
