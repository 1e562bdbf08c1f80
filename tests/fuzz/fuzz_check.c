/* Checks: whatever a check and an output are, a check that is sound gets an answer, `not` turns met and unmet and nothing
 * else, and an error stays one. The input: one byte for the type, then the expected text, NUL, the output. */
#include <math.h>
#include <stdlib.h>

#include "evals/check/check.h"
#include "evals/check/judge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool held) {
    if (!held) {
        abort();
    }
}

static struct suite_check check_of(enum suite_check_type type, struct bytes text) {
    struct suite_check check = {
        .type = type, .text = text, .value = text, .at_least = 0.5, .at_most = 0.5, .scale = {0, 1}};
    check.number = type == SUITE_EXIT ? 1 : 1.5;
    if (type == SUITE_JSON) { /* a pointer, then a value */
        const uint8_t *end = bytes_find(text, '\n');
        if (end != NULL) {
            check.pointer = (struct bytes){text.p, (size_t)(end - text.p)};
            check.value = (struct bytes){end + 1, text.n - check.pointer.n - 1};
        }
    }
    return check;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct check_outcome plain, negated;
    struct err err = {0};
    double score;
    if (size == 0) return 0;
    struct bytes text = {data + 1, size - 1};
    const uint8_t *end = bytes_find(text, '\0');
    struct bytes output =
        end != NULL ? (struct bytes){end + 1, text.n - (size_t)(end - text.p) - 1} : (struct bytes){NULL, 0};
    text.n -= output.n + (end != NULL);
    struct suite_check check = check_of(data[0] % SUITE_CHECK_TYPES, text);
    check.trim = (data[0] & 0x40) != 0;
    check.ignore_case = (data[0] & 0x80) != 0;
    struct check_given given = {.output = output, .has_exit = true, .exit = 1, .has_judged = true, .judged = 0.75};
    int sound = check_is_sound(&check, &err);
    int rc = check_one(&check, &given, &plain, &err);
    must((sound == 0) == (rc == 0));
    if (rc == 0 && plain.end == CHECK_ERROR && check.type == SUITE_REGEX)
        return 0; /* a limit costs much, here a hundredfold */
    check.not = true;
    must(check_one(&check, &given, &negated, &err) == rc);
    if (rc == 0) {
        must((plain.end == CHECK_ERROR) == (negated.end == CHECK_ERROR));
        must(!(plain.end == CHECK_MET && negated.end == CHECK_MET));
        must((plain.why[0] == '\0') == (plain.end == CHECK_MET));
    }
    if (judge_read(output, check.scale, &score, NULL, &err) == 0) {
        must(score >= 0 && score <= 1);
    }
    return 0;
}
