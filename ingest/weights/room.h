/* The source weights: files of models' weights, GGUF and safetensors, by what their headers claim.
 *
 * Sees: ledger, base, input, driver. No other source. Begin with weights.h, which draws both headers.
 *
 *   weights      files, and what becomes of them
 *   gguf         the key-value pairs of a GGUF file
 *   safetensors  the header of a safetensors file
 *   event        the bodies of the events
 *
 * Words. A "claim" is what a header says of the model: anybody can write anything there. */
#ifndef INGEST_WEIGHTS_ROOM_H
#define INGEST_WEIGHTS_ROOM_H

#endif
