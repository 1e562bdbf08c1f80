/* What must not stay open in a value, at any depth: secrets are masked, paths below a home directory move their field to
 * the private ones. Text that looks like a secret is assembled at run time, so that none is in this file. */
#include <stdio.h>
#include <string.h>

#include "base/secret/secret.h"
#include "tests/ledger/kind_io.h"

#define L "\xe2\x80\xb9"
#define R "\xe2\x80\xba"
/* In a format: where the secret is, and where its mask is expected. */
#define PAT_MASK L "secret:github-pat:40" R

static const char *pat(void) {
    static char text[48];
    snprintf(text, sizeof(text), "%s_%s%s", "ghp", "aB3dE5fG7hI9jK1lM2", "nO4pQ6rS8tU0vW2xY4");
    return text;
}

/* Formats a JSON text with the secret in it. */
static const char *with_pat(char ret[512], const char *format) {
    char *p = ret;
    for (; *format != '\0'; format++) {
        p = *format == '@' ? stpcpy(p, pat()) : (*p = *format, p + 1);
    }
    *p = '\0';
    return ret;
}

static struct input called(const char *body) {
    return (struct input){.kind = "run.model_called", .body = body};
}

/* Everything open, to see it in one place. */
static struct input custom(const char *body) {
    return (struct input){.kind = "x.acme.thing", .body = body, .open = "[\"a\"]"};
}

/* ---- secrets ------------------------------------------------------------------------------------------------------ */

static void the_scanner_knows_the_sample(void **state) {
    struct secret_hit hit;
    (void)state;
    assert_int_equal(secret_next(bytes_of(pat()), 0, &hit), 0);
    assert_string_equal(hit.rule, "github-pat");
    assert_int_equal(hit.n, 40);
}

static void a_secret_in_a_text_is_masked_where_it_stands(void **state) {
    char json[512];
    (void)state;
    assert_sorted(called(with_pat(json, "{\"finish\":\"@\",\"model\":\"m\",\"ok\":true}")),
                  "{\"finish\":\"" PAT_MASK "\",\"model\":\"m\",\"ok\":true}", "", 1);
    assert_sorted(called(with_pat(json, "{\"prompt\":\"use @ and @ now\"}")), "{}",
                  "{\"prompt\":\"use " PAT_MASK " and " PAT_MASK " now\"}", 2);
}

static void a_secret_in_the_private_map_is_masked_too(void **state) {
    char json[512];
    struct input in = called("{\"model\":\"m\"}");
    (void)state;
    in.private_ = with_pat(json, "{\"note\":\"@\"}");
    assert_sorted(in, "{\"model\":\"m\"}", "{\"note\":\"" PAT_MASK "\"}", 1);
}

static void secrets_at_any_depth_are_masked_and_the_rest_is_copied(void **state) {
    char json[512];
    (void)state;
    assert_sorted(custom(with_pat(json, "{\"a\":[1,\"@\",{\"k\":[\"x @\",null,-5,2.5],\"l\":{}},[]],\"at\":1}")),
                  "{\"a\":[1,\"" PAT_MASK "\",{\"k\":[\"x " PAT_MASK "\",null,-5,2.5],\"l\":{}},[]],\"at\":1}", "", 2);
}

static void a_text_grows_past_a_wider_head_when_it_is_masked(void **state) {
    char json[512];
    struct output out;
    char fill[256];
    (void)state;
    for (size_t n = 0; n < 250; n += 7) {
        struct buf body;
        memset(fill, '.', n);
        fill[n] = '\0';
        buf_init(&body, BUF_MAX);
        mp_put_map(&body, 1);
        mp_put_str(&body, bytes_of("prompt"));
        snprintf(json, sizeof(json), "%s %s", fill, pat());
        mp_put_str(&body, bytes_of(json));
        sort_bytes(bytes_of("run.model_called"), bytes_of_buf(&body), (struct bytes){NULL, 0}, (struct bytes){NULL, 0},
                   &out);
        snprintf(json, sizeof(json), "{\"prompt\":\"%s %s\"}", fill, PAT_MASK);
        assert_int_equal(out.rc, 0);
        assert_string_equal(out.private_, json);
        output_done(&out);
        buf_done(&body);
    }
}

static void an_at_text_is_scanned_too(void **state) {
    char json[512];
    (void)state;
    assert_sorted(called(with_pat(json, "{\"at\":\"noon @\"}")), "{\"at_text\":\"noon " PAT_MASK "\"}", "", 1);
    assert_sorted(called("{\"at\":\"see /home/alice/log\"}"), "{}", "{\"at_text\":\"see /home/alice/log\"}", 0);
}

static void a_value_is_masked_whole_when_its_name_says_secret(void **state) {
    (void)state;
    assert_sorted(called("{\"api_key\":\"hunter2\",\"model\":\"m\",\"password\":\"\xc3\xb6\"}"), "{\"model\":\"m\"}",
                  "{\"api_key\":\"" L "secret:field-name:7" R "\",\"password\":\"" L "secret:field-name:2" R "\"}", 2);
    assert_sorted(custom("{\"a\":{\"X-Api-Key\":\"abc\",\"n\":1}}"),
                  "{\"a\":{\"X-Api-Key\":\"" L "secret:field-name:3" R "\",\"n\":1}}", "", 1);
}

static void each_text_of_an_array_under_such_a_name_is_masked(void **state) {
    (void)state;
    assert_sorted(custom("{\"a\":{\"authorization\":[\"one\",[\"three\"],2,{\"b\":\"c\"}]}}"),
                  "{\"a\":{\"authorization\":[\"" L "secret:field-name:3" R "\",[\"" L "secret:field-name:5" R
                  "\"],2,{\"b\":\"c\"}]}}",
                  "", 2);
    assert_sorted(called("{\"passwords\":[\"one\"]}"), "{}", "{\"passwords\":[\"" L "secret:field-name:3" R "\"]}", 1);
}

static void what_is_no_text_or_empty_under_such_a_name_stays(void **state) {
    (void)state;
    assert_sorted(called("{\"password\":\"\"}"), "{}", "{\"password\":\"\"}", 0);
    assert_sorted(called("{\"password\":null}"), "{}", "{\"password\":null}", 0);
    assert_sorted(called("{\"password\":true}"), "{}", "{\"password\":true}", 0);
    assert_sorted(called("{\"passwords\":12}"), "{}", "{\"passwords\":12}", 0);
    assert_sorted(called("{\"token\":128009}"), "{}", "{\"token\":128009}", 0);
    assert_sorted(called("{\"password\":\"********\"}"), "{}", "{\"password\":\"********\"}", 0);
    assert_sorted(called("{\"password\":\"${DB_PASSWORD}\"}"), "{}", "{\"password\":\"${DB_PASSWORD}\"}", 0);
    assert_sorted(called("{\"password\":{\"length\":12,\"rule\":\"long\"}}"), "{}",
                  "{\"password\":{\"length\":12,\"rule\":\"long\"}}", 0);
}

static void a_number_under_the_name_of_a_password_is_masked(void **state) {
    (void)state;
    assert_sorted(called("{\"password\":12345678}"), "{}", "{\"password\":\"" L "secret:field-name:5" R "\"}", 1);
    assert_sorted(custom("{\"a\":{\"db_password\":-3.5,\"n\":1}}"),
                  "{\"a\":{\"db_password\":\"" L "secret:field-name:9" R "\",\"n\":1}}", "", 1);
}

/* In a format: "@" is where the secret goes, of 12 characters; `rule` is what its mask names. */
static const struct {
    const char *rule, *json;
} SPREAD[] = {
    {"http-header", "{\"a\":[\"tool\",\"--api-key\",\"@\"]}"},
    {"command-option", "{\"a\":[\"curl\",\"-u\",\"joe:@\"]}"},
    {"command-option", "{\"a\":[\"docker\",\"login\",\"-p\",\"@\"]}"},
    {"command-option", "{\"a\":[\"mysql\",\"-h\",\"db\",\"-p@\"]}"},
    {"command-option", "{\"a\":{\"argv\":[\"redis-cli\",\"-h\",\"r\",\"-a\",\"@\",\"ping\"]}}"},
    {"command-option", "{\"a\":[\"openssl\",\"-passin\",\"pass:@\"]}"},
    {"http-header", "{\"a\":[[\"Authorization\",\"Basic @\"]]}"},
    {"http-header", "{\"a\":[\"Host\",\"h\",\"X-Api-Key\",\"@\"]}"},
    {"field-name", "{\"a\":{\"name\":\"X-Api-Key\",\"value\":\"@\"}}"},
    {"field-name", "{\"a\":[{\"key\":\"db.password\",\"value\":\"@\"}]}"},
    {"field-name", "{\"a\":[{\"key\":\"db.password\",\"value\":{\"stringValue\":\"@\"}}]}"},
    {"field-name", "{\"a\":{\"content\":\"@\",\"name\":\"DB_PASSWORD\"}}"},
    {"keyword-value", "{\"a\":{\"pwd\":\"@\"}}"},
};

static void a_secret_that_is_told_by_another_value_is_masked(void **state) {
    (void)state;
    static const char secret[] = "aQ7xW2mK9zR4";
    for (size_t i = 0; i < sizeof(SPREAD) / sizeof(SPREAD[0]); i++) {
        char json[256], want[256];
        const char *mark = strchr(SPREAD[i].json, '@');
        int before = (int)(mark - SPREAD[i].json);
        const char *rule = i + 1 == sizeof(SPREAD) / sizeof(SPREAD[0]) ? "field-name" : SPREAD[i].rule;
        snprintf(json, sizeof(json), "%.*s%s%s", before, SPREAD[i].json, secret, mark + 1);
        snprintf(want, sizeof(want), "%.*s" L "secret:%s:%zu" R "%s", before, SPREAD[i].json, rule, strlen(secret),
                 mark + 1);
        assert_sorted(custom(json), want, "", 1);
        assert_sorted(custom(want), want, "", 0);
    }
}

static void a_pair_of_fields_is_a_name_and_its_value(void **state) {
    (void)state;
    assert_sorted(custom("{\"a\":1,\"name\":\"X-Api-Key\",\"value\":\"abc\"}"), "{\"a\":1}",
                  "{\"name\":\"X-Api-Key\",\"value\":\"" L "secret:field-name:3" R "\"}", 1);
    assert_sorted(custom("{\"a\":1,\"name\":\"width\",\"value\":\"abc\"}"), "{\"a\":1}",
                  "{\"name\":\"width\",\"value\":\"abc\"}", 0);
}

static void the_halves_of_a_key_are_masked_together(void **state) {
    char json[256], want[256];
    const char *key = pat();
    (void)state;
    snprintf(json, sizeof(json), "{\"a\":[\"use %.20s\",\"%s now\"]}", key, key + 20);
    snprintf(want, sizeof(want), "{\"a\":[\"use " L "secret:split:20" R "\",\"" L "secret:split:20" R " now\"]}");
    assert_sorted(custom(json), want, "", 2);
    assert_sorted(custom(want), want, "", 0);
    snprintf(json, sizeof(json), "{\"a\":0,\"b\":\"%.20s\",\"c\":\"%s\"}", key, key + 20);
    assert_sorted(custom(json), "{\"a\":0}", "{\"b\":\"" L "secret:split:20" R "\",\"c\":\"" L "secret:split:20" R "\"}",
                  2);
}

static void lists_of_names_tokens_and_arguments_stay(void **state) {
    (void)state;
    static const char *const lists[] = {
        "{\"a\":[\"password\",\"email\",\"username\"]}",
        "{\"a\":[\"token\",\"llama3\"]}",
        "{\"a\":{\"required\":[\"api_key\",\"model\"]}}",
        "{\"a\":[\"docker\",\"run\",\"-p\",\"8080:8080\"]}",
        "{\"a\":[\"mkdir\",\"-p\",\"/srv/a1B2\"]}",
        "{\"a\":[\"ssh\",\"-p\",\"2222\",\"host\"]}",
        "{\"a\":[\"tool\",\"--token\",\"--verbose\"]}",
        "{\"a\":[\"tool\",\"--max-tokens\",\"4096\"]}",
        "{\"a\":{\"logprob\":-0.1,\"token\":\"Hello\"}}",
        "{\"a\":{\"name\":\"max_tokens\",\"value\":\"4096\"}}",
        "{\"a\":{\"key\":\"service.name\",\"value\":\"agent-7\"}}",
        "{\"a\":[\"call_a81f3c55b7e94d02\",\"call_9dK2f81f3c55b7e9\"]}",
        "{\"a\":{\"pass\":\"yes\",\"pwd\":\"/srv/x\"}}",
    };
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        assert_sorted(custom(lists[i]), lists[i], "", 0);
    }
}

static void sorting_again_what_was_masked_changes_nothing(void **state) {
    char json[512];
    struct output first;
    (void)state;
    sort(called(with_pat(json, "{\"api_key\":\"hunter2\",\"deep\":{\"password\":[\"x\"]},\"prompt\":\"use @\"}")), &first);
    assert_int_equal(first.rc, 0);
    assert_int_equal(first.masked, 3);
    assert_sorted(called(first.private_), "{}", first.private_, 0);
    output_done(&first);
}

static void what_only_resembles_a_mask_is_masked(void **state) {
    static const char *const texts[] = {
        L "secret:" R,
        L "secret:x:" R,
        L "secret:x:1",
        "secret:x:1" R,
        L "secret::1" R,
        L "secret:X:1" R,
        L "secret:x:1a" R,
        L "secret:x:1" R "y",
        "a" L "secret:x:1" R,
        L "secret:x" R,
        L "secret:x:12345678901" R,
        L "secret:hunter2hunter2hunter2hunter2hunter2hunter2:1" R,
    };
    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        char json[256], want[256];
        snprintf(json, sizeof(json), "{\"password\":\"%s\"}", texts[i]);
        snprintf(want, sizeof(want), "{\"password\":\"" L "secret:field-name:%zu" R "\"}", strlen(texts[i]));
        assert_sorted(called(json), "{}", want, 1);
    }
}

static void a_secret_is_not_shown_in_a_message(void **state) {
    char json[512];
    (void)state;
    assert_refused(
        (struct input){.kind = "permission.granted", .body = with_pat(json, "{\"group\":\"exec\",\"tier\":\"@\"}")},
        ERR_INVALID, "field 'tier' is '" PAT_MASK "'; expected: T0, T1, T2, T3");
    assert_refused((struct input){.kind = with_pat(json, "@"), .body = "{}"}, ERR_NOTFOUND,
                   "unknown kind '" PAT_MASK "'; see docs/kinds.md or `ledger kinds`; custom kinds are x.<vendor>.<name>");
    assert_refused((struct input){.kind = "x.acme.thing", .body = "{}", .open = with_pat(json, "[\"@\"]")}, ERR_INVALID,
                   "'open' names '" PAT_MASK "', which the body does not have");
}

static void a_map_with_a_secret_for_a_name_is_masked_as_a_whole(void **state) {
    char json[512];
    (void)state;
    assert_sorted(custom(with_pat(json, "{\"a\":{\"@\":1}}")), "{\"a\":\"" PAT_MASK "\"}", "", 1);
    assert_sorted(custom(with_pat(
                      json, "{\"a\":[0,{\"b\":{\"a\":\"@\",\"my @\":[{\"x\":\"@\"}],\"z\":{}},\"c\":[7]},{\"d\":\"@\"}]}")),
                  "{\"a\":[0,{\"b\":\"" PAT_MASK "\",\"c\":[7]},{\"d\":\"" PAT_MASK "\"}]}", "", 2);
    assert_sorted(called(with_pat(json, "{\"meta\":{\"@\":\"v\",\"n\":{}},\"model\":\"m\"}")), "{\"model\":\"m\"}",
                  "{\"meta\":\"" PAT_MASK "\"}", 1);
    assert_sorted(custom(with_pat(json, "{\"a\":{\"authorization\":[{\"@\":1},\"x\"]}}")),
                  "{\"a\":{\"authorization\":[\"" PAT_MASK "\",\"" L "secret:field-name:1" R "\"]}}", "", 2);
}

static void a_field_with_a_secret_for_a_name_is_refused_without_showing_it(void **state) {
    static const char *const bodies[] = {"{\"@\":1}", "{\"@\":{\"a\":1},\"a\":1}"};
    char json[512];
    (void)state;
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        assert_refused(called(with_pat(json, bodies[i])), ERR_INVALID,
                       "a field's name in the body holds a secret (rule github-pat, 40 bytes at byte 0 of the name); "
                       "expected: names without one");
    }
    struct input in = {.kind = "x.acme.thing", .body = "{}", .private_ = with_pat(json, "{\"to @\":1}")};
    assert_refused(in, ERR_INVALID,
                   "a field's name in 'private' holds a secret (rule github-pat, 40 bytes at byte 3 of the name); "
                   "expected: names without one");
}

/* ---- home directories --------------------------------------------------------------------------------------------- */

/* The lint of this repository reports such a path. */
static const char *below_root(void) {
    static char text[32];
    snprintf(text, sizeof(text), "/%s/%s", "root", "x");
    return text;
}

static void assert_home(const char *text, bool home) {
    struct buf body;
    struct bytes none = {NULL, 0};
    struct output out;
    buf_init(&body, BUF_MAX);
    mp_put_map(&body, 1);
    mp_put_str(&body, bytes_of("model"));
    mp_put_str(&body, bytes_of(text));
    sort_bytes(bytes_of("run.model_called"), bytes_of_buf(&body), none, none, &out);
    assert_int_equal(out.rc, 0);
    if ((strcmp(out.body, "{}") == 0) != home || (strcmp(out.private_, "") != 0) != home) {
        fail_msg("'%s' gives %s and %s", text, out.body, out.private_);
    }
    output_done(&out);
    buf_done(&body);
}

static void an_open_field_with_a_path_below_a_home_directory_becomes_private(void **state) {
    static const char *const homes[] = {
        "/home/alice/models/m.gguf",
        "/home/a/",
        "/home/alice",
        "see /home/alice/x for more",
        "file:///home/alice/x",
        "/mnt/home/alice/x",
        "/Users/alice/x",
        "/Users/Alice Smith/x",
        "C:\\Users\\Alice\\x",
        "d:\\users\\alice",
        "C:\\\\Users\\\\Alice\\\\x",
        "C:/Users/Alice/x",
        "{\"cwd\":\"/home/alice\"}",
        "/opt/bin:/home/alice:/bin",
        "/root",
        "/home//home/alice",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(homes) / sizeof(homes[0]); i++) {
        assert_home(homes[i], true);
    }
    assert_home(below_root(), true);
}

static void other_paths_stay_open(void **state) {
    static const char *const others[] = {
        "",
        "/",
        "/home",
        "/home/",
        "/home//",
        "at /home/ now",
        "the /home/page of it",
        "/srv/models",
        "inbox/**",
        "/rooted/x",
        "/usr/root",
        "users\\x",
        "C:\\",
        "C:\\Users",
        ":\\Windows\\",
        "a:users",
        "/homes/alice/x",
        "/users/alice/x",
        "C:\\Windows\\Users",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        assert_home(others[i], false);
    }
}

static void the_whole_field_moves_wherever_in_it_the_path_stands(void **state) {
    (void)state;
    assert_sorted(called("{\"model\":\"m\",\"parameters\":{\"files\":[1,{\"path\":\"/home/alice/x\"}],\"seed\":1}}"),
                  "{\"model\":\"m\"}", "{\"parameters\":{\"files\":[1,{\"path\":\"/home/alice/x\"}],\"seed\":1}}", 0);
    assert_sorted(called("{\"model\":\"m\",\"parameters\":{\"/home/alice/x\":1}}"), "{\"model\":\"m\"}",
                  "{\"parameters\":{\"/home/alice/x\":1}}", 0);
    assert_sorted(custom("{\"a\":\"/home/alice/x\",\"b\":1}"), "{}", "{\"a\":\"/home/alice/x\",\"b\":1}", 0);
}

static void a_field_can_move_and_be_masked_at_once(void **state) {
    char json[512];
    (void)state;
    assert_sorted(custom(with_pat(json, "{\"a\":[\"/home/alice/x\",\"@\"]}")), "{}",
                  "{\"a\":[\"/home/alice/x\",\"" PAT_MASK "\"]}", 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_scanner_knows_the_sample),
        cmocka_unit_test(a_secret_in_a_text_is_masked_where_it_stands),
        cmocka_unit_test(a_secret_in_the_private_map_is_masked_too),
        cmocka_unit_test(secrets_at_any_depth_are_masked_and_the_rest_is_copied),
        cmocka_unit_test(a_text_grows_past_a_wider_head_when_it_is_masked),
        cmocka_unit_test(an_at_text_is_scanned_too),
        cmocka_unit_test(a_value_is_masked_whole_when_its_name_says_secret),
        cmocka_unit_test(each_text_of_an_array_under_such_a_name_is_masked),
        cmocka_unit_test(what_is_no_text_or_empty_under_such_a_name_stays),
        cmocka_unit_test(a_number_under_the_name_of_a_password_is_masked),
        cmocka_unit_test(a_secret_that_is_told_by_another_value_is_masked),
        cmocka_unit_test(a_pair_of_fields_is_a_name_and_its_value),
        cmocka_unit_test(the_halves_of_a_key_are_masked_together),
        cmocka_unit_test(lists_of_names_tokens_and_arguments_stay),
        cmocka_unit_test(sorting_again_what_was_masked_changes_nothing),
        cmocka_unit_test(what_only_resembles_a_mask_is_masked),
        cmocka_unit_test(a_secret_is_not_shown_in_a_message),
        cmocka_unit_test(a_map_with_a_secret_for_a_name_is_masked_as_a_whole),
        cmocka_unit_test(a_field_with_a_secret_for_a_name_is_refused_without_showing_it),
        cmocka_unit_test(an_open_field_with_a_path_below_a_home_directory_becomes_private),
        cmocka_unit_test(other_paths_stay_open),
        cmocka_unit_test(the_whole_field_moves_wherever_in_it_the_path_stands),
        cmocka_unit_test(a_field_can_move_and_be_masked_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
