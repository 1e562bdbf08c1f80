/* What the messages of OTLP hold (fields.def), for the two files that read them: wire.c checks, proto.c decodes. */
#ifndef INGEST_OTLP_FIELDS_H
#define INGEST_OTLP_FIELDS_H

#define OTLP_NUMBERS 17 /* fields with larger numbers are skipped */

/* The first are those of enum otlp_part. */
enum otlp_message {
    OTLP_M_SPAN,
    OTLP_M_LOG,
    OTLP_M_METRIC,
    OTLP_M_RESOURCE,
    OTLP_M_SCOPE,
    OTLP_M_EVENT,
    OTLP_M_LINK,
    OTLP_M_STATUS,
    OTLP_M_PAIR,
    OTLP_M_VALUE,
    OTLP_M_ARRAY,
    OTLP_M_LIST,
    OTLP_M_GAUGE,
    OTLP_M_SUM,
    OTLP_M_HISTOGRAM,
    OTLP_M_EXPONENTIAL,
    OTLP_M_SUMMARY,
    OTLP_M_NUMBER_POINT,
    OTLP_M_HISTOGRAM_POINT,
    OTLP_M_EXPONENTIAL_POINT,
    OTLP_M_NONE
};

/* The form of a value: on the wire, and in JSON. */
enum otlp_field_form {
    OTLP_F_SKIPPED,  /* the number is not known */
    OTLP_F_TEXT,     /* bytes: text */
    OTLP_F_HEX,      /* bytes: hex digits */
    OTLP_F_BASE64,   /* bytes: base64 */
    OTLP_F_FIXED64,  /* 8 bytes: decimal text */
    OTLP_F_SFIXED64, /* 8 bytes: decimal text with a sign */
    OTLP_F_INT64,    /* varint: decimal text with a sign */
    OTLP_F_DOUBLE,   /* 8 bytes: a number, or a word for what is none */
    OTLP_F_INT32,    /* varint: a number */
    OTLP_F_UINT32,   /* varint: a number */
    OTLP_F_FIXED32,  /* 4 bytes: a number */
    OTLP_F_BOOL,     /* varint: true or false */
    OTLP_F_FIXED64S, /* 8 bytes, or many of them packed: an array of decimal texts */
    OTLP_F_DOUBLES,  /* 8 bytes, or many of them packed: an array of numbers */
    OTLP_F_ONE,      /* a message, at most once */
    OTLP_F_MANY,     /* messages, any number of times: an array */
    OTLP_FORMS
};

#endif
