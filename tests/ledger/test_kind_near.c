/* Likely mistakes: subjects that do not fit their kind, names that are nearly those of the catalog, maps in lists with
 * other members than the catalog defines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/text.h"
#include "ledger/kinds/near.h"
#include "ledger/kinds/sort.h"

#define DIGEST "sha256:0000000000000000000000000000000000000000000000000000000000000005"

static void a_subject_that_does_not_suit_its_kind_is_refused_with_the_form_that_does(void **state) {
    static const struct {
        const char *kind, *subject, *reason; /* NULL: it fits */
    } cases[] = {
        {"pack.installed", "pack/p", NULL},
        {"pack.installed", "pack/a/b", NULL},
        {"pack.installed", "route/zzz", "subject 'route/zzz' does not suit 'pack.installed'; expected: pack/<name>"},
        {"pack.installed", "p",
         "subject 'p' does not suit 'pack.installed'; expected: pack/<name>; did you mean 'pack/p'?"},
        {"pack.installed", "pdf-ops-pack",
         "subject 'pdf-ops-pack' does not suit 'pack.installed'; expected: pack/<name>; did you mean 'pack/pdf-ops-pack'?"},
        {"pack.installed", "packs/p",
         "subject 'packs/p' does not suit 'pack.installed'; expected: pack/<name>; did you mean 'pack/p'?"},
        {"pack.installed", "pack/", "subject 'pack/' does not suit 'pack.installed'; expected: pack/<name>"},
        {"pack.installed", "", "subject '' does not suit 'pack.installed'; expected: pack/<name>"},
        {"run.started", "host/x", "subject 'host/x' does not suit 'run.started'; expected: run/<id>"},
        {"permission.granted", "pack/p", NULL},
        {"permission.granted", "tool/Bash", NULL},
        {"permission.granted", "agent/claude", NULL},
        {"permission.granted", "server/files", NULL},
        {"permission.granted", "nonsense",
         "subject 'nonsense' does not suit 'permission.granted'; expected: pack/<name>, tool/<name>, agent/<name> or "
         "server/<name>; did you mean 'pack/nonsense'?"},
        {"permission.used", "tols/Bash",
         "subject 'tols/Bash' does not suit 'permission.used'; expected: pack/<name>, tool/<name>, agent/<name> or "
         "server/<name>; did you mean 'tool/Bash'?"},
        {"install.installed", "package/pip/torch", NULL},
        {"install.installed", "package/npm/@a/b", NULL},
        {"install.installed", "package/torch",
         "subject 'package/torch' does not suit 'install.installed'; expected: package/<manager>/<name>"},
        {"install.installed", "package//torch",
         "subject 'package//torch' does not suit 'install.installed'; expected: package/<manager>/<name>"},
        {"model.identified", "model/" DIGEST, NULL},
        {"model.identified", "model/llama3.2:3b",
         "subject 'model/llama3.2:3b' does not suit 'model.identified'; expected: model/<digest>"},
        {"ledger.erased", "event/12", NULL},
        {"ledger.erased", "event/twelve", "subject 'event/twelve' does not suit 'ledger.erased'; expected: event/<seq>"},
        {"x.acme.thing", "anything at all", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct err err = {0};
        int rc = kind_forms_check(kind_index_find(bytes_of(cases[i].kind)), bytes_of(cases[i].subject), &err);
        assert_int_equal(rc, cases[i].reason == NULL ? 0 : ERR_INVALID);
        assert_string_equal(err.msg, cases[i].reason == NULL ? "" : cases[i].reason);
    }
}

/* Each form of each kind, filled in. */
static void every_kind_takes_a_subject_of_each_of_its_forms(void **state) {
    (void)state;
    for (size_t i = 0; i < kind_count(); i++) {
        const struct kind_index *index = kind_index_find(bytes_of(kind_at(i)->name));
        assert_true(index->n_forms > 0);
        for (size_t f = 0; f < index->n_forms; f++) {
            static const char *const last[] = {[KIND_PART_NAME] = "n", [KIND_PART_DIGEST] = DIGEST, [KIND_PART_SEQ] = "7"};
            const struct kind_form *form = &index->forms[f];
            char subject[256];
            snprintf(subject, sizeof(subject), "%.*s%s%s", (int)form->prefix.n, (const char *)form->prefix.p,
                     form->parts == 2 ? "m/" : "", last[form->last]);
            assert_int_equal(kind_forms_check(index, bytes_of(subject), NULL), 0);
        }
    }
}

static int sort(const char *kind, const char *json, const char *private_json, bool force, struct err *err) {
    struct buf body, private_, out, out_private;
    uint32_t masked;
    buf_init(&body, 65536);
    buf_init(&private_, 65536);
    buf_init(&out, 65536);
    buf_init(&out_private, 65536);
    assert_int_equal(json_to_mp(bytes_of(json), &body, NULL), 0);
    assert_int_equal(json_to_mp(bytes_of(private_json), &private_, NULL), 0);
    const struct kind_input in = {.kind = bytes_of(kind),
                                  .body = bytes_of_buf(&body),
                                  .private_ = bytes_of_buf(&private_),
                                  .index = kind_index_find(bytes_of(kind)),
                                  .force_private = force};
    int rc = kind_sort_input(&in, &out, &out_private, &masked, err);
    buf_done(&body);
    buf_done(&private_);
    buf_done(&out);
    buf_done(&out_private);
    return rc;
}

static void a_name_that_is_nearly_a_known_one_is_refused_with_that_one(void **state) {
    static const struct {
        const char *kind, *name, *near; /* NULL: near to none */
    } cases[] = {
        {"permission.denied", "teir", "tier"},
        {"permission.denied", "Tier", "tier"},
        {"permission.denied", "scop", "scope"},
        {"run.model_called", "promt", "prompt"},
        {"run.model_called", "prompts", "prompt"},
        {"pack.installed", "verison", "version"},
        {"pack.installed", "permision", "permissions"},
        {"eval.finished", "suite-digest", "suite_digest"},
        {"run.model_called", "first_token", "first_token_ms"},
        {"run.model_called", "token_ms", "first_token_ms"},
        {"run.model_called", "Token-Ms", "first_token_ms"},
        {"run.model_called", "first_tok", NULL},
        {"hardware.profiled", "memory", "memory_bytes"},
        {"hardware.profiled", "bytes", "memory_bytes"},
        {"model.loaded", "model_name", "model"},
        {"model.loaded", "model_names", NULL},
        {"model.loaded", "odel", "model"},
        {"run.model_called", "token", NULL}, /* it is masked, whatever it may be a word of */
        {"permission.revoked", "ticket", NULL},
        {"permission.revoked", "why", NULL},
        {"permission.revoked", "t", NULL},
        {"permission.revoked", "as", NULL},
        {"permission.revoked", "att", NULL},
        {"x.acme.thing", "teir", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char field[100], reason[300];
        bool needs_group = strncmp(cases[i].kind, "permission.", 11) == 0;
        snprintf(field, sizeof(field), "{%s\"%s\":\"T0\"}", needs_group ? "\"group\":\"exec\"," : "", cases[i].name);
        snprintf(reason, sizeof(reason),
                 "'%s' is not a field of '%s', did you mean '%s'? With force_private it is kept as it is, private",
                 cases[i].name, cases[i].kind, cases[i].near);
        struct err err = {0};
        assert_int_equal(sort(cases[i].kind, field, "{}", false, &err), cases[i].near == NULL ? 0 : ERR_INVALID);
        assert_string_equal(err.msg, cases[i].near == NULL ? "" : reason);
        assert_int_equal(sort(cases[i].kind, field, "{}", true, NULL), 0);
        snprintf(field, sizeof(field), "{\"%s\":\"T0\"}", cases[i].name);
        int rc = sort(cases[i].kind, needs_group ? "{\"group\":\"exec\"}" : "{}", field, false, NULL);
        assert_int_equal(rc, cases[i].near == NULL ? 0 : ERR_INVALID);
    }
}

static void a_name_that_could_only_be_a_limit_is_refused_unless_it_is_meant(void **state) {
    static const char *const names[] = {"path", "expires_at", "until_when", "t"};
    static const struct {
        const char *kind, *with;
    } cases[] = {{"permission.granted", "\"group\":\"exec\""},
                 {"permission.denied", "\"group\":\"exec\""},
                 {"permission.decided", "\"decision\":\"allow\""}};
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]) * 4; i++) {
        char field[100], private_[100], body[100], reason[100];
        const char *name = names[i % 4], *kind = cases[i / 4].kind, *with = cases[i / 4].with;
        struct err err = {0};
        snprintf(field, sizeof(field), "{%s,\"%s\":1}", with, name);
        snprintf(private_, sizeof(private_), "{\"%s\":1}", name);
        snprintf(body, sizeof(body), "{%s}", with);
        snprintf(reason, sizeof(reason), "'%s' is not a field of '%s'; expected: ", name, kind);
        assert_int_equal(sort(kind, field, "{}", false, &err), ERR_INVALID);
        assert_non_null(strstr(err.msg, reason));
        assert_int_equal(sort(kind, body, private_, false, NULL), ERR_INVALID);
        assert_int_equal(sort(kind, field, "{}", true, NULL), 0);
    }
}

/* The fast comparison of letters and lengths excludes no name that the distance or the words match. Whole words of the
 * known name, or it and "_name". */
static bool is_said_by(const char *name, const char *known) {
    char words[80], part[80];
    if (strlen(known) < 3) return false;
    if (secret_field_name(bytes_of(name))) {
        return strlen(name) == strlen(known) + 5 && strncmp(name, known, strlen(known)) == 0 &&
               strcmp(name + strlen(known), "_name") == 0;
    }
    snprintf(words, sizeof(words), "_%s_", known);
    snprintf(part, sizeof(part), "_%s_", name);
    if (strcmp(words, part) != 0 && strstr(words, part) != NULL) return true;
    snprintf(words, sizeof(words), "%s_name", known);
    return strcmp(words, name) == 0;
}

static void names_are_near_as_the_distance_alone_would_say(void **state) {
    unsigned seed = (unsigned)time(NULL);
    (void)state;
    printf("seed %u\n", seed);
    srand(seed);
    for (int round = 0; round < 20000; round++) {
        const struct kind *kind = kind_at((size_t)rand() % kind_count());
        char name[64];
        snprintf(name, sizeof(name), "%s", kind->fields[(size_t)rand() % kind->n_fields].name);
        for (int slips = rand() % 4, n; slips > 0 && (n = (int)strlen(name)) > 1; slips--) {
            int at = rand() % n;
            if (rand() % 2 == 0) {
                name[at] = (char)('a' + rand() % 26);
            } else {
                memmove(name + at, name + at + 1, (size_t)(n - at));
            }
        }
        char *word = rand() % 3 == 0 ? strchr(name, '_') : NULL;
        if (word != NULL && rand() % 2 == 0) {
            memmove(name, word + 1, strlen(word));
        } else if (word != NULL) {
            *word = '\0';
        } else if (rand() % 8 == 0 && strlen(name) < 50) {
            memcpy(name + strlen(name), "_name", sizeof("_name"));
        }
        size_t limit = strlen(name) < 6 ? 1 : 2, best = SIZE_MAX, said = 0;
        for (size_t f = 0; f < kind->n_fields + 1; f++) {
            const char *known = f < kind->n_fields ? kind->fields[f].name : "at_text";
            size_t d = strlen(known) < 3 ? SIZE_MAX : text_distance(name, known, limit);
            best = d < best ? d : best;
            said += is_said_by(name, known);
        }
        const struct kind_slot *slot = kind_near_slot(kind_index_find(bytes_of(kind->name)), bytes_of(name));
        const char *near = slot == NULL ? NULL : slot->field->name;
        if (strlen(name) < 3 || (best > limit && said == 0)) {
            assert_null(near);
        } else if (best > limit) {
            assert_non_null(near);
            assert_true(is_said_by(name, near));
        } else {
            assert_non_null(near);
            assert_int_equal(text_distance(name, near, limit), best);
        }
    }
}

static void a_map_in_a_list_has_the_members_that_the_catalog_says(void **state) {
    static const struct {
        const char *kind, *body, *reason;
    } cases[] = {
        {"pack.installed", "{\"permissions\":[{\"group\":\"exec\",\"required\":true,\"scope\":\"a\",\"tier\":\"T1\"}]}",
         NULL},
        {"pack.installed", "{\"permissions\":[{\"group\":\"exec\",\"scope\":null}]}", NULL},
        {"pack.installed", "{\"permissions\":[]}", NULL},
        {"pack.installed",
         "{\"permissions\":[{\"group\":\"exec\"},{\"grp\":\"exec\",\"required\":\"no\",\"tier\":\"T9\"}]}",
         "field 'permissions', item 1: unknown member 'grp'; expected: group (required), scope, "
         "tier, required"},
        {"pack.installed", "{\"permissions\":[{\"group\":\"exec\",\"teir\":\"T1\"}]}",
         "field 'permissions', item 0: unknown member 'teir' (did you mean 'tier'?); expected: group (required), scope, "
         "tier, required"},
        {"pack.installed", "{\"permissions\":[{\"group\":\"exec\",\"tier\":\"T9\"}]}",
         "field 'permissions', item 0: field 'tier' is 'T9'; expected: T0, T1, T2, T3"},
        {"pack.installed", "{\"permissions\":[{\"group\":\"exec\",\"required\":\"no\"}]}",
         "field 'permissions', item 0: member 'required' is text; expected: true or false"},
        {"pack.upgraded", "{\"permissions\":[{\"scope\":\"a\"}]}",
         "field 'permissions', item 0: member 'group' is missing: group of permissions"},
        {"pack.upgraded", "{\"permissions\":[{\"group\":null}]}",
         "field 'permissions', item 0: member 'group' is null; expected: text"},
        {"pack.installed", "{\"models\":[\"llama3.2:3b\"]}",
         "field 'models', item 0 is text; expected: a map of role, model, digest"},
        {"pack.installed", "{\"models\":[{\"digest\":\"abc\"}]}",
         "field 'models', item 0: member 'digest' is text that is not a digest; expected: 'sha256:' and 64 lower-case hex "
         "digits"},
        {"pack.installed", "{\"routes\":[{\"name\":\"a\"},7]}",
         "field 'routes', item 1 is an integer; expected: a map of name (required), required"},
        {"eval.suite_declared", "{\"suite\":\"s\",\"tasks\":[{\"name\":\"t\",\"threshold\":\"high\"}]}",
         "field 'tasks', item 0: member 'threshold' is text; expected: a number"},
        {"hardware.profiled",
         "{\"disks\":[{\"bytes\":1,\"kind\":\"solid\",\"model\":\"m\",\"name\":\"n\"}],\"gpus\":[{\"bus\":\"0\",\"device\":"
         "\"0x1\",\"driver\":\"d\",\"driver_version\":\"1\",\"memory_bytes\":1,\"name\":\"n\",\"vendor\":\"v\"}]}",
         NULL},
        {"hardware.profiled", "{\"gpus\":[{\"memory\":25769803776,\"name\":\"rtx\"}]}",
         "field 'gpus', item 0: unknown member 'memory' (did you mean 'memory_bytes'?); expected: name, vendor, "
         "memory_bytes, driver, driver_version, device, bus"},
        {"hardware.profiled", "{\"disks\":[{\"bytes\":-1}]}",
         "field 'disks', item 0: member 'bytes' is a negative integer; expected: an integer, not negative"},
        {"run.started", "{\"permissions\":[{\"group\":\"all\"}]}",
         "field 'permissions', item 0: field 'group' is 'all'; expected: filesystem.read, filesystem.write, exec, "
         "network.egress, model.invoke, secrets.read, gpu"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct err err = {0};
        assert_int_equal(sort(cases[i].kind, cases[i].body, "{}", false, &err), cases[i].reason == NULL ? 0 : ERR_INVALID);
        assert_string_equal(err.msg, cases[i].reason == NULL ? "" : cases[i].reason);
    }
}

static void a_count_below_zero_is_refused_and_other_numbers_may_be(void **state) {
    static const struct {
        const char *kind, *body, *reason;
    } cases[] = {
        {"run.model_called", "{\"latency_ms\":-3}",
         "field 'latency_ms' is a negative integer; expected: a number, not negative"},
        {"run.model_called", "{\"latency_ms\":-0.5}",
         "field 'latency_ms' is a negative number; expected: a number, not negative"},
        {"run.model_called", "{\"tokens_in\":-1}",
         "field 'tokens_in' is a negative integer; expected: an integer, not negative"},
        {"hardware.profiled", "{\"memory_bytes\":-5}",
         "field 'memory_bytes' is a negative integer; expected: an integer, not negative"},
        {"run.model_called", "{\"latency_ms\":0.0,\"tokens_in\":0}", NULL},
        {"run.finished", "{\"cost\":-0.5,\"exit_code\":-1}", NULL},
        {"eval.scored", "{\"metric\":\"m\",\"stderr\":-0.5,\"task\":\"t\",\"value\":-3}", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct err err = {0};
        assert_int_equal(sort(cases[i].kind, cases[i].body, "{}", true, &err), cases[i].reason == NULL ? 0 : ERR_INVALID);
        assert_string_equal(err.msg, cases[i].reason == NULL ? "" : cases[i].reason);
    }
}

static void an_event_belongs_to_the_run_that_its_subject_names(void **state) {
    static const struct {
        const char *kind, *subject, *run, *reason;
    } cases[] = {
        {"run.finished", "run/1", "1", NULL},
        {"run.finished", "run/1", "", NULL},
        {"run.finished", "run/1-a", "1", NULL}, /* a nested run */
        {"run.finished", "run/1", "2",
         "the subject is 'run/1' and the run is '2'; expected: the same run in both, or no run"},
        {"run.finished", "run/12", "1",
         "the subject is 'run/12' and the run is '1'; expected: the same run in both, or no run"},
        {"run.finished", "run/1", "1-a",
         "the subject is 'run/1' and the run is '1-a'; expected: the same run in both, or no run"},
        {"permission.used", "tool/Bash", "2", NULL},
        {"x.acme.thing", "run/1", "2", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct err err = {0};
        int rc = kind_run_check(kind_index_find(bytes_of(cases[i].kind)), bytes_of(cases[i].subject),
                                bytes_of(cases[i].run), &err);
        assert_int_equal(rc, cases[i].reason == NULL ? 0 : ERR_INVALID);
        assert_string_equal(err.msg, cases[i].reason == NULL ? "" : cases[i].reason);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_subject_that_does_not_suit_its_kind_is_refused_with_the_form_that_does),
        cmocka_unit_test(every_kind_takes_a_subject_of_each_of_its_forms),
        cmocka_unit_test(a_name_that_is_nearly_a_known_one_is_refused_with_that_one),
        cmocka_unit_test(a_name_that_could_only_be_a_limit_is_refused_unless_it_is_meant),
        cmocka_unit_test(names_are_near_as_the_distance_alone_would_say),
        cmocka_unit_test(a_count_below_zero_is_refused_and_other_numbers_may_be),
        cmocka_unit_test(an_event_belongs_to_the_run_that_its_subject_names),
        cmocka_unit_test(a_map_in_a_list_has_the_members_that_the_catalog_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
