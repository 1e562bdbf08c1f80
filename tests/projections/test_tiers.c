/* Tiers: what policies say about tools, by hand and against a reference over random policies and calls. */
#include "base/clock.h"
#include "tests/projections/state_box.h"

static struct box b;

static int start(void **state) {
    (void)state;
    box_open(&b);
    return 0;
}

static int finish(void **state) {
    (void)state;
    box_close(&b);
    return 0;
}

static void call(const char *json) {
    box_event_of(&b, "run.tool_called", "run/r", "r", json);
}

static const char *text_of(const char *column) {
    static char text[200];
    struct bytes is = row_text(&b.row, projection_column(b.row.table, column));
    snprintf(text, sizeof(text), "%.*s", (int)is.n, is.n > 0 ? (const char *)is.p : "");
    return text;
}

static void expect(const char *agent, const char *server, const char *tool, const char *tier, const char *policy,
                   const char *rule) {
    box_view(&b, LOG_NO_SEQ, 0);
    assert_true(box_row(&b, "tools", agent, server, tool, NULL));
    assert_string_equal(text_of("judged_tier"), tier);
    assert_string_equal(text_of("judged_policy"), policy);
    assert_string_equal(text_of("judged_rule"), rule);
}

static void tools_of_known_agents_have_a_tier_and_others_have_none(void **state) {
    (void)state;
    call("{\"tool\":\"Bash\",\"agent\":\"claude-code\",\"group\":\"exec\"}");
    call("{\"tool\":\"Read\",\"tier\":\"T0\",\"group\":\"filesystem.read\"}");
    call("{\"tool\":\"mcp__filesystem__write_file\",\"server\":\"filesystem\"}");
    call("{\"tool\":\"mcp__git__git_reset\"}");
    call("{\"tool\":\"mcp__acme__deploy\",\"server\":\"acme\"}");
    call("{\"tool\":\"Read\",\"server\":\"acme\"}"); /* another one of the same name */
    call("{\"tool\":\"Vault\",\"group\":\"secrets.read\",\"tier\":\"T1\"}");
    expect("claude-code", "", "Bash", "T2", "default 1", "Bash");
    expect("", "", "Read", "T0", "default 1", "Read");
    assert_string_equal(text_of("told_tier"), "T0");
    expect("", "filesystem", "mcp__filesystem__write_file", "T1", "default 1", "mcp__filesystem__*");
    expect("", "", "mcp__git__git_reset", "T3", "default 1", "mcp__git__*");
    expect("", "acme", "mcp__acme__deploy", "", "", "");
    expect("", "acme", "Read", "", "", "");
    expect("", "", "Vault", "T3", "default 1", "secrets.read"); /* whatever its source says */
    assert_string_equal(text_of("told_tier"), "T1");
}

static uint64_t declare(const char *name, const char *json) {
    char subject[40];
    snprintf(subject, sizeof(subject), "policy/%s", name);
    return box_event(&b, "policy.declared", subject, json);
}

static void a_policy_of_the_log_comes_before_the_one_that_ships(void **state) {
    (void)state;
    call("{\"tool\":\"Bash\"}");
    call("{\"tool\":\"Vault\"}");
    uint64_t seq = declare(
        "p", "{\"policy\":\"p\",\"version\":\"7\",\"tool_rules\":[{\"tool\":\"B*\",\"tier\":\"T3\",\"name\":\"shells\"}]}");
    expect("", "", "Bash", "T3", "p 7", "shells");
    assert_int_equal(row_int(&b.row, projection_column(b.row.table, "judged_seq")), seq);
    expect("", "", "Vault", "", "", "");
    declare("p", "{\"policy\":\"p\",\"version\":\"8\",\"default\":\"T1\"}");
    expect("", "", "Bash", "T1", "p 8", "default");
    expect("", "", "Vault", "T1", "p 8", "default");
    declare("q", "{\"policy\":\"q\",\"version\":\"1\",\"tool_rules\":[{\"tool\":\"V*\",\"tier\":\"T2\"}]}");
    expect("", "", "Vault", "T2", "q 1", "rule 1");
    declare("p", "{\"policy\":\"p\",\"version\":\"9\"}"); /* withdrawn */
    declare("q", "{\"policy\":\"q\",\"version\":\"2\"}");
    expect("", "", "Bash", "T2", "default 1", "Bash");
    box_view(&b, seq + 1, 0); /* as of then */
    assert_true(box_row(&b, "tools", "", "", "Bash", NULL));
    assert_string_equal(text_of("judged_tier"), "T3");
}

static void a_default_is_for_calls_that_no_rule_of_any_policy_fits(void **state) {
    (void)state;
    call("{\"tool\":\"Bash\"}");
    call("{\"tool\":\"Vault\"}");
    uint64_t rules =
        declare("rules", "{\"policy\":\"rules\",\"version\":\"1\",\"default\":\"T2\",\"tool_rules\":[{\"tool\":\"B*\","
                         "\"tier\":\"T3\",\"name\":\"shells\"}]}");
    declare("lax", "{\"policy\":\"lax\",\"version\":\"1\",\"default\":\"T0\"}");
    expect("", "", "Bash", "T3", "rules 1", "shells"); /* an older rule before a newer default */
    assert_int_equal(row_int(&b.row, projection_column(b.row.table, "judged_seq")), rules);
    expect("", "", "Vault", "T0", "lax 1", "default"); /* of two defaults the newer */
    declare("late", "{\"policy\":\"late\",\"version\":\"1\",\"tool_rules\":[{\"tool\":\"Ba*\",\"tier\":\"T1\"}]}");
    expect("", "", "Bash", "T1", "late 1", "rule 1"); /* of two rules the newer policy's */
}

static void a_rule_for_some_arguments_may_fit(void **state) {
    (void)state;
    call("{\"tool\":\"Bash\"}");
    call("{\"tool\":\"Vault\"}");
    declare("p", "{\"policy\":\"p\",\"version\":\"1\",\"tool_rules\":[{\"tool\":\"*\",\"arguments\":[\"command=rm "
                 "*\"],\"tier\":\"T3\"},"
                 "{\"tool\":\"Bash\",\"tier\":\"T1\"}]}");
    expect("", "", "Bash", "T3", "p 1", "rule 1");
    expect("", "", "Vault", "", "", ""); /* it may be T3, and it may be anything */
    declare("p", "{\"policy\":\"p\",\"version\":\"2\",\"tool_rules\":[{\"tool\":\"*\",\"arguments\":[\"command=ls "
                 "*\"],\"tier\":\"T0\"},"
                 "{\"tool\":\"Bash\",\"tier\":\"T1\"}]}");
    expect("", "", "Bash", "T1", "p 2", "rule 2");
}

static void a_tool_of_several_groups_has_the_highest_tier_or_none(void **state) {
    (void)state;
    call("{\"tool\":\"x\",\"group\":\"filesystem.read\"}");
    call("{\"tool\":\"x\",\"group\":\"exec\"}");
    expect("", "", "x", "T2", "default 1", "exec");
    call("{\"tool\":\"x\"}");
    expect("", "", "x", "", "", "");
    assert_int_equal(row_int(&b.row, projection_column(b.row.table, "calls")), 3);
}

static void a_permission_has_the_tier_of_its_tool_or_group(void **state) {
    (void)state;
    box_event(&b, "permission.granted", "pack/p", "{\"group\":\"exec\",\"tier\":\"T0\"}");
    box_event(&b, "permission.decided", "tool/Bash", "{\"decision\":\"allow\",\"tool\":\"Bash\"}");
    box_event(&b, "permission.decided", "tool/Vault", "{\"decision\":\"allow\",\"tool\":\"Vault\"}");
    box_view(&b, LOG_NO_SEQ, 0);
    assert_true(box_row(&b, "permissions", "pack/p", "exec", "", NULL));
    assert_string_equal(text_of("judged_tier"), "T2");
    assert_string_equal(text_of("tier"), "T0");
    assert_true(box_row(&b, "permissions", "tool/Bash", "", "", NULL));
    assert_string_equal(text_of("judged_rule"), "Bash");
    assert_true(box_row(&b, "permissions", "tool/Vault", "", "", NULL));
    assert_string_equal(text_of("judged_tier"), "");
}

static struct bytes rules_of(struct buf *json, const char *name, unsigned n, char fill) {
    char text[240];
    memset(text, fill, sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    buf_clear(json);
    buf_printf(json, "{\"policy\":\"%s\",\"version\":\"1\",\"tool_rules\":[", name);
    for (unsigned i = 0; i < n; i++) {
        buf_printf(json, "%s{\"tier\":\"T3\",\"tool\":\"%s*\",\"server\":\"%s\"}", i > 0 ? "," : "", text, text);
    }
    buf_put_str(json, "]}");
    buf_put_u8(json, '\0');
    assert_int_equal(json->fail, 0);
    return bytes_of((const char *)json->p);
}

static void a_declaration_past_the_room_of_all_policies_is_not_taken(void **state) {
    char name[16];
    struct buf json;
    (void)state;
    buf_init(&json, 1 << 20);
    call("{\"tool\":\"Bash\"}");
    declare("mine", "{\"policy\":\"mine\",\"version\":\"1\",\"tool_rules\":[{\"tool\":\"Bash\",\"tier\":\"T3\"}]}");
    for (unsigned i = 0; i < 33; i++) { /* 250 KiB each */
        snprintf(name, sizeof(name), "p%u", i);
        rules_of(&json, name, 512, 'x');
        declare(name, (const char *)json.p);
    }
    box_view(&b, LOG_NO_SEQ, 0);
    assert_true(box_row(&b, "policies", "p31", NULL));
    assert_int_equal(row_int(&b.row, projection_column(b.row.table, "rules")), 512);
    assert_true(box_row(&b, "policies", "p32", NULL));
    assert_int_equal(row_int(&b.row, projection_column(b.row.table, "rules")), 0);
    assert_int_equal(row_int(&b.row, projection_column(b.row.table, "violations")), 1);
    assert_non_null(strstr(text_of("violation"), "of rules are not taken: at most 256 KiB a policy and 8192 KiB in all"));
    expect("", "", "Bash", "T3", "mine 1", "rule 1"); /* judgements go on */
    rules_of(&json, "mine", 512, 'y');
    declare("mine", (const char *)json.p); /* has no room: the previous declaration stands */
    expect("", "", "Bash", "T3", "mine 1", "rule 1");
    declare("p0", "{\"policy\":\"p0\",\"version\":\"2\"}"); /* makes room */
    declare("mine", (const char *)json.p);
    expect("", "", "Bash", "T2", "default 1", "Bash");
    buf_done(&json);
}

/* ---- the shipped policy, and its copy to start one's own from ---- */

static const struct {
    const char *tool, *server, *group;
} rows[] = {
#define TOOL(tool, server, tier) {tool, server, ""},
#define GROUP(group, tier)       {"of no row", "", group},
#include "projections/permissions/tiers_default.def"
#undef TOOL
#undef GROUP
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

/* A name that matches the pattern. */
static const char *tool_of(size_t i) {
    static char name[80];
    size_t n = strcspn(rows[i].tool, "*");
    snprintf(name, sizeof(name), "%.*s%s", (int)n, rows[i].tool, rows[i].tool[n] == '*' ? "z" : "");
    return name;
}

static void the_copy_in_share_says_the_same_rule_by_rule(void **state) {
    static char before[ROWS][2][80];
    struct buf text;
    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        char json[300];
        snprintf(json, sizeof(json), "{\"agent\":\"a%zu\",\"tool\":\"%s\",\"server\":\"%s\"%s%s%s}", i, tool_of(i),
                 rows[i].server, rows[i].group[0] != '\0' ? ",\"group\":\"" : "", rows[i].group,
                 rows[i].group[0] != '\0' ? "\"" : "");
        call(json);
    }
    for (unsigned round = 0; round < 2; round++) {
        box_view(&b, LOG_NO_SEQ, 0);
        for (size_t i = 0; i < ROWS; i++) {
            char agent[20], rule[20];
            snprintf(agent, sizeof(agent), "a%zu", i);
            assert_true(box_row(&b, "tools", agent, rows[i].server, tool_of(i), NULL));
            assert_int_equal(strlen(text_of("judged_tier")), 2);
            if (round == 0) {
                snprintf(before[i][0], sizeof(before[i][0]), "%s", text_of("judged_tier"));
                snprintf(before[i][1], sizeof(before[i][1]), "%s", text_of("judged_rule"));
                continue;
            }
            assert_string_equal(text_of("judged_tier"), before[i][0]);
            size_t of = strtoul(text_of("judged_rule") + strlen("rule "), NULL, 10) - 1;
            snprintf(rule, sizeof(rule), "rule %zu", of + 1);
            assert_string_equal(text_of("judged_rule"), rule);
            assert_in_range(of, 0, ROWS - 1);
            assert_string_equal(rows[of].group[0] != '\0' ? rows[of].group : rows[of].tool, before[i][1]);
        }
        buf_init(&text, 1 << 20);
        assert_int_equal(file_read("share/policy/default.json", &text, &b.err), 0);
        buf_put_u8(&text, '\0');
        declare("default", (const char *)text.p);
        buf_done(&text);
    }
}

/* ---- the reference ---- */

#define RULES 5

struct rule {
    const char *tool, *server, *agent, *group; /* NULL: any */
    bool arguments;
    int tier;
};

struct policy {
    struct rule rule[RULES];
    size_t n;
    int by_default;
};

static const char *const tools[] = {"Bash", "Read", "x1", "x2", "y"};
static const char *const servers[] = {"", "s", "t"};
static const char *const agents[] = {"", "a", "b"};
static const char *const of_groups[] = {"", "exec", "gpu"};

/* Patterns here are a word, or a prefix followed by a star. */
static bool fits(const char *pattern, const char *text) {
    size_t n = pattern == NULL ? 0 : strlen(pattern);
    return pattern == NULL ||
           (n > 0 && pattern[n - 1] == '*' ? strncmp(pattern, text, n - 1) == 0 : strcmp(pattern, text) == 0);
}

/* The shipped rules for these names. */
static int shipped(const char *tool, const char *server, const char *group) {
    if (server[0] == '\0' && strcmp(tool, "Bash") == 0) return 2;
    if (server[0] == '\0' && strcmp(tool, "Read") == 0) return 0;
    return strcmp(group, "exec") == 0 ? 2 : strcmp(group, "gpu") == 0 ? 0 : -1;
}

struct verdict {
    int tier;
    char policy[8], rule[16]; /* among the policies by name; "" if the shipped one decides */
};

static void raise_to(struct verdict *v, int tier, const char *policy, const char *rule) {
    if (tier > v->tier) {
        v->tier = tier;
        snprintf(v->policy, sizeof(v->policy), "%s", policy);
        snprintf(v->rule, sizeof(v->rule), "%s", rule);
    }
}

/* The policies by name, and the order in which they were last declared. All rules precede all defaults. */
static struct verdict reference(const struct policy *policy, const size_t *newest, size_t n, const char *tool,
                                const char *server, const char *agent, const char *group) {
    static const char *const names[] = {"p 1", "q 1", "r 1"};
    struct verdict v = {.tier = -1};
    char rule[16];
    for (size_t i = 0; i < n; i++) {
        const struct policy *p = &policy[newest[i]];
        for (size_t k = 0; k < p->n; k++) {
            const struct rule *r = &p->rule[k];
            if (fits(r->tool, tool) && fits(r->server, server) && fits(r->agent, agent) && fits(r->group, group)) {
                snprintf(rule, sizeof(rule), "rule %zu", k + 1);
                raise_to(&v, r->tier, names[newest[i]], rule);
                if (!r->arguments) return v;
            }
        }
    }
    for (size_t i = 0; i < n; i++) {
        if (policy[newest[i]].by_default >= 0) {
            raise_to(&v, policy[newest[i]].by_default, names[newest[i]], "default");
            return v;
        }
    }
    int last = shipped(tool, server, group);
    raise_to(&v, last, "", "");
    return last < 0 ? (struct verdict){.tier = -1} : v;
}

static uint64_t x;
static size_t below(size_t n) {
    x = x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (size_t)(x >> 33) % n;
}

static void random_policy(struct policy *p, const char *name) {
    static const char *const tool_patterns[] = {"Bash", "x*", "x1", "*", "Re*"};
    static const char *const server_patterns[] = {NULL, NULL, "", "s", "*"};
    static const char *const agent_patterns[] = {NULL, NULL, "a", "b*", ""};
    static const char *const group_patterns[] = {NULL, NULL, NULL, "exec", "gpu"};
    char json[2000];
    int at = snprintf(json, sizeof(json), "{\"policy\":\"%s\",\"version\":\"1\"", name);
    p->n = below(RULES);
    p->by_default = below(2) == 0 ? (int)below(4) : -1;
    if (p->by_default >= 0) {
        at += snprintf(json + at, sizeof(json) - at, ",\"default\":\"T%d\"", p->by_default);
    }
    at += snprintf(json + at, sizeof(json) - at, ",\"tool_rules\":[");
    for (size_t i = 0; i < p->n; i++) {
        struct rule *r = &p->rule[i];
        *r = (struct rule){tool_patterns[below(5)],
                           server_patterns[below(5)],
                           agent_patterns[below(5)],
                           group_patterns[below(5)],
                           below(3) == 0,
                           (int)below(4)};
        const char *const values[] = {r->tool, r->server, r->agent, r->group};
        static const char *const names[] = {"tool", "server", "agent", "group"};
        at += snprintf(json + at, sizeof(json) - at, "%s{\"tier\":\"T%d\"%s", i > 0 ? "," : "", r->tier,
                       r->arguments ? ",\"arguments\":[\"a=b*\"]" : "");
        for (size_t k = 0; k < 4; k++) {
            at += values[k] == NULL ? 0 : snprintf(json + at, sizeof(json) - at, ",\"%s\":\"%s\"", names[k], values[k]);
        }
        at += snprintf(json + at, sizeof(json) - at, "}");
    }
    snprintf(json + at, sizeof(json) - at, "]}");
    declare(name, json);
}

static void one_history(size_t *known, size_t *unknown) {
    static const char *const names[] = {"p", "q", "r"};
    struct policy policy[3];
    size_t newest[3], n = 0;
    for (size_t k = below(5); k > 0; k--) {
        size_t i = below(3), old = 0;
        random_policy(&policy[i], names[i]);
        while (old < n && newest[old] != i) {
            old++;
        }
        n += old == n;
        memmove(newest + 1, newest, old * sizeof(newest[0]));
        newest[0] = i;
    }
    for (size_t k = 0; k < 8; k++) {
        char tool[20], json[200];
        const char *server = servers[below(3)], *agent = agents[below(3)], *group = of_groups[below(3)];
        snprintf(tool, sizeof(tool), "%s", tools[below(5)]);
        box_view(&b, LOG_NO_SEQ, 0);
        if (box_row(&b, "tools", agent, server, tool, NULL)) {
            continue; /* several groups: another test's */
        }
        snprintf(json, sizeof(json), "{\"tool\":\"%s\",\"server\":\"%s\",\"agent\":\"%s\"%s%s%s}", tool, server, agent,
                 group[0] != '\0' ? ",\"group\":\"" : "", group, group[0] != '\0' ? "\"" : "");
        call(json);
        struct verdict v = reference(policy, newest, n, tool, server, agent, group);
        int tier = v.tier;
        char expected[16] = "";
        if (tier >= 0) {
            snprintf(expected, sizeof(expected), "T%d", tier);
        }
        box_view(&b, LOG_NO_SEQ, 0);
        assert_true(box_row(&b, "tools", agent, server, tool, NULL));
        if (strcmp(text_of("judged_tier"), expected) != 0) {
            fail_msg("%s: '%s' is not '%s'", json, text_of("judged_tier"), expected);
        }
        if (v.policy[0] != '\0') {
            assert_string_equal(text_of("judged_policy"), v.policy);
            assert_string_equal(text_of("judged_rule"), v.rule);
        }
        tier >= 0 ? (*known)++ : (*unknown)++;
    }
}

static void random_histories(uint64_t seed, size_t n) {
    size_t known = 0, unknown = 0;
    x = seed;
    for (size_t i = 0; i < n; i++) {
        box_open(&b);
        one_history(&known, &unknown);
        box_close(&b);
    }
    assert_in_range(known, n, 8 * n);
    assert_in_range(unknown, 1, 8 * n);
}

static void judgements_are_those_of_the_reference(void **state) {
    (void)state;
    random_histories(1, 20);
    random_histories(2, 20);
    uint64_t seed = clock_wall_ns();
    print_message("seed %llu\n", (unsigned long long)seed);
    random_histories(seed, 20);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(tools_of_known_agents_have_a_tier_and_others_have_none, start, finish),
        cmocka_unit_test_setup_teardown(a_policy_of_the_log_comes_before_the_one_that_ships, start, finish),
        cmocka_unit_test_setup_teardown(a_default_is_for_calls_that_no_rule_of_any_policy_fits, start, finish),
        cmocka_unit_test_setup_teardown(a_rule_for_some_arguments_may_fit, start, finish),
        cmocka_unit_test_setup_teardown(a_tool_of_several_groups_has_the_highest_tier_or_none, start, finish),
        cmocka_unit_test_setup_teardown(a_declaration_past_the_room_of_all_policies_is_not_taken, start, finish),
        cmocka_unit_test_setup_teardown(a_permission_has_the_tier_of_its_tool_or_group, start, finish),
        cmocka_unit_test_setup_teardown(the_copy_in_share_says_the_same_rule_by_rule, start, finish),
        cmocka_unit_test(judgements_are_those_of_the_reference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
