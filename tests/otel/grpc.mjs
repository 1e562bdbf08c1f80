// Exports one span over gRPC, and prints what the SDK tells its user: ledger does not serve it.
//
//   node grpc.mjs http://127.0.0.1:4318
import { diag, DiagLogLevel } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-grpc';
import { NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';

const print = (...words) => console.log(...words);
diag.setLogger({ error: print, warn: print, info() {}, debug() {}, verbose() {} }, DiagLogLevel.WARN);
const exporter = new OTLPTraceExporter({ url: process.argv[2] });
const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
provider.getTracer('grpc').startSpan('one').end();
await provider.shutdown();
