/* What a rule of a policy forbids, by the arguments of a call. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "projections/permissions/limits.h"

static const struct {
    const char *rule, *arguments, *why; /* NULL: allowed */
} cases[] = {
    {"{}", "{\"a\":1}", NULL},
    {"{}", "{}", NULL},
    {"{\"denied\":[\"target=prod*\"]}", "{\"target\":\"staging\"}", NULL},
    {"{\"denied\":[\"target=prod*\"]}", "{}", NULL},
    {"{\"denied\":[\"target=prod*\"]}", "{\"target\":\"production\"}", "argument 'target' has a denied value"},
    {"{\"denied\":[\"target=prod*\"]}", "{\"target\":[\"a\",\"prod\"]}", "argument 'target' has a denied value"},
    {"{\"denied\":[\"n=1*\"]}", "{\"n\":17}", "argument 'n' has a denied value"},
    {"{\"denied\":[\"force=true\"]}", "{\"force\":true}", "argument 'force' has a denied value"},
    {"{\"denied\":[\"o=*\\\"k\\\":1*\"]}", "{\"o\":{\"k\":1}}", "argument 'o' has a denied value"},
    {"{\"allowed\":[\"mode=add\"]}", "{\"mode\":\"add\"}", NULL},
    {"{\"allowed\":[\"mode=add\"]}", "{\"mode\":\"drop\"}", "argument 'mode' has no allowed value"},
    {"{\"allowed\":[\"mode=add\"]}", "{}", "argument 'mode' has no allowed value"},
    {"{\"allowed\":[\"mode=add\"]}", "{\"mode\":[]}", "argument 'mode' has no allowed value"},
    {"{\"allowed\":[\"mode=add\",\"mode=new\"]}", "{\"mode\":[\"new\",\"add\"]}", NULL},
    {"{\"allowed\":[\"mode=add\",\"mode=new\"]}", "{\"mode\":[\"new\",\"x\"]}", "argument 'mode' has no allowed value"},
    {"{\"allowed\":[\"a=*\",\"b=1\"]}", "{\"a\":\"x\"}", "argument 'b' has no allowed value"},
    {"{\"roots\":[\"/srv/**\"]}", "{\"path\":\"/srv/a\",\"text\":\"free\"}", NULL},
    {"{\"roots\":[\"/srv/**\"]}", "{\"path\":\"/srv/../etc\"}", "argument 'path' names a path outside the rule's roots"},
    {"{\"roots\":[\"/srv/**\"]}", "{\"path\":\"etc\"}", "argument 'path' names a path outside the rule's roots"},
    {"{\"roots\":[\"/srv/**\"]}", "{\"path\":\"\"}", "argument 'path' names a path outside the rule's roots"},
    {"{\"roots\":[\"/srv/**\"]}", "{\"paths\":[\"/srv/a\",\"/etc\"]}",
     "argument 'paths' names a path outside the rule's roots"},
    {"{\"roots\":[\"/srv/**\"]}", "{\"other\":\"/etc/a\"}", "argument 'other' names a path outside the rule's roots"},
    {"{\"roots\":[\"/srv/**\"]}", "{\"other\":\"~/a\"}", "argument 'other' names a path outside the rule's roots"},
    {"{\"roots\":[\"/srv/**\"]}", "{\"uri\":\"file:///srv/a\"}", "argument 'uri' names a path outside the rule's roots"},
    {"{\"roots\":[\"**\"]}", "{\"path\":\"/srv/a\"}", "argument 'path' names a path outside the rule's roots"},
    {"{\"roots\":[\"src/**\"]}", "{\"path\":\"src/a\"}", NULL},
    {"{\"roots\":[\"src/**\"]}", "{\"FILE_PATH\":\"etc/a\"}", "argument 'FILE_PATH' names a path outside the rule's roots"},
    {"{\"denied\":[\"path=*secret*\"]}", "{\"Path\":\"a\"}", "argument 'Path' is one of the rule's in other letters"},
    {"{\"allowed\":[\"task=a\"]}", "{\"task\":\"a\",\"tas\\u212A\":\"b\"}",
     "argument 'tas\u212A' is one of the rule's in other letters"},
    {"{\"arguments\":[\"mode=safe\"]}", "{\"MODE\":\"safe\"}", "argument 'MODE' is one of the rule's in other letters"},
};

static struct buf encode(const char *json) {
    struct buf out = {.max = 65536};
    assert_int_equal(json_to_mp(bytes_of(json), &out, NULL), 0);
    return out;
}

static void a_rule_forbids_what_its_arguments_say(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char room[LIMITS_WHY_MAX];
        struct buf rule = encode(cases[i].rule), arguments = encode(cases[i].arguments);
        const char *why = limits_forbid(bytes_of_buf(&rule), bytes_of_buf(&arguments), room);
        const char *wanted = cases[i].why;
        if ((why == NULL) != (wanted == NULL) || (why != NULL && strcmp(why, wanted) != 0)) {
            fail_msg("%s %s: %s", cases[i].rule, cases[i].arguments, why != NULL ? why : "allowed");
        }
        buf_done(&rule);
        buf_done(&arguments);
    }
}

static void a_rule_for_certain_arguments_fits_only_these(void **state) {
    struct buf rule = encode("{\"arguments\":[\"command=rm *\",\"force=true\"]}"),
               all = encode("{\"command\":\"rm -r a\",\"force\":true}"), one = encode("{\"command\":\"rm -r a\"}"),
               none = encode("{}");
    (void)state;
    assert_true(limits_fits(bytes_of_buf(&rule), bytes_of_buf(&all)));
    assert_false(limits_fits(bytes_of_buf(&rule), bytes_of_buf(&one)));
    assert_false(limits_fits(bytes_of_buf(&rule), (struct bytes){0}));
    assert_true(limits_fits(bytes_of_buf(&none), bytes_of_buf(&one)));
    buf_done(&rule);
    buf_done(&all);
    buf_done(&one);
    buf_done(&none);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rule_forbids_what_its_arguments_say),
        cmocka_unit_test(a_rule_for_certain_arguments_fits_only_these),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
