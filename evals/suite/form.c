/* The rows of fields.def, twice: as the fields of each shape, and as the list of shapes. */
#include "evals/suite/form.h"

#include "evals/suite/suite.h"

enum { REQUIRED = 1 };

#define FIELD(shape_, key_, type_, flags_, accepted_, help_)                                                               \
    { #key_, FIELD_##type_, (flags_) == REQUIRED, accepted_, help_, NULL, offsetof(struct form_##shape_, key_) }
#define FIELD_OF(shape_, key_, type_, of_, flags_, accepted_, help_)                                                       \
    { #key_, FIELD_##type_, (flags_) == REQUIRED, accepted_, help_, &shape_of_##of_, offsetof(struct form_##shape_, key_) }
#define MAP(shape_, key_, of_, flags_, help_)  FIELD_OF(shape_, key_, MAP, of_, flags_, NULL, help_)
#define MAPS(shape_, key_, of_, flags_, help_) FIELD_OF(shape_, key_, MAPS, of_, flags_, NULL, help_)
#define SHAPE(name_, noun_, help_, ...)                                                                                    \
    static const struct field fields_of_##name_[] = {__VA_ARGS__};                                                         \
    static const struct shape shape_of_##name_ = {#name_,                                                                  \
                                                  noun_,                                                                   \
                                                  help_,                                                                   \
                                                  fields_of_##name_,                                                       \
                                                  sizeof(fields_of_##name_) / sizeof(fields_of_##name_[0]),                \
                                                  sizeof(struct form_##name_)};
#include "evals/suite/fields.def"
#undef SHAPE

#define SHAPE(name_, ...) &shape_of_##name_,
static const struct shape *const shapes[] = {
#include "evals/suite/fields.def"
};

const struct form suite_form = {"urn:ledger-suite:v0", "A suite of evaluations, " SUITE_SCHEMA_NAME, shapes,
                                sizeof(shapes) / sizeof(shapes[0])};

const struct shape *form_root(void) {
    return &shape_of_suite;
}

const struct shape *form_case(void) {
    return &shape_of_case;
}
