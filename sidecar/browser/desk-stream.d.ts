/** The desk's stream in a browser. See docs/stream.md. */

/** A row of a topic, or the plain fields of a filter. */
export type Row = Record<string, any>;

/** One frame of the stream. `seq` counts within `topic` and `epoch`. */
export interface Frame {
  type: string;
  topic: string;
  epoch: string;
  seq: number;
  timestamp: string;
  data: any;
}

/**
 * `live`: the stream is whole. `polling`: it is not, and what is shown is recent all the same. `stale`: it is not.
 * `refused`: the desk will not have this client, `reason` says why, and nothing is tried again. `closed`: by the page.
 */
export type State = "live" | "polling" | "stale" | "refused" | "closed";

/** How a topic's rows are read over REST: where, what names a row, and which part of the answer they are. */
export interface Read {
  path: string;
  key: string[];
  rows: (answer: any) => Row[];
}

export interface Options {
  /** The desk's address, as `https://desk.example`; the socket is at `/ws` below it. */
  url: string;
  /** The key goes into the first frame and into a header, never into a URL. */
  key?: string;
  /** Asked before each connection, instead of `key`. */
  getKey?: () => string | Promise<string>;
  topics: string[];
  filter?: { fund_id?: string; symbol?: string; strategy?: string };
  /** Milliseconds of silence after which the desk is asked for a sign of life; half as long again, and it is left. */
  heartbeatMs?: number;
  /** The bound of the first wait after a failure, and of the longest. */
  firstWaitMs?: number;
  longestWaitMs?: number;
  /** Between two reads while there is no stream; 0 never reads. */
  pollMs?: number;
  readMs?: number;
  paceMs?: number;
  reads?: Record<string, Read>;
  /** Every frame of the topics, once and in order. */
  onFrame?: (frame: Frame) => void;
  /** A topic's rows have changed; `polled` says that they were read over REST. */
  onState?: (topic: string, rows: Map<string, Row>, polled: boolean) => void;
  /** `state` or `reason` has changed. `age` as in `Stream.age()`. */
  onStatus?: (status: { state: State; reason: string; age: number }) => void;
}

export interface Stream {
  readonly state: State;
  readonly reason: string;
  readonly counts: { frames: number; gaps: number; repeated: number; connections: number; polls: number };
  /** A topic's rows by name (JSON of the fields that name them), as streamed or, without a stream, as last read. */
  rows(topic: string): Map<string, Row>;
  /** Whether a topic was told yet; before that no row of it means nothing. */
  knows(topic: string): boolean;
  /** Follow these topics too, over the same connection. */
  follow(topics: string[]): void;
  /** Follow these topics no longer, and forget their rows. */
  drop(topics: string[]): void;
  /** Seconds since the desk last said how things stand; Infinity if it never did. */
  age(): number;
  /** The JSON of a GET below `url`, with the key. Rejects with an Error that carries `status` if the desk refuses. */
  read(path: string): Promise<any>;
  close(): void;
}

export function connect(options: Options): Stream;

/** Milliseconds to wait after so many failures in a row: full jitter below a bound that doubles, up to `longestMs`. */
export function backoff(failures: number, firstMs: number, longestMs: number, random?: () => number): number;

/** What frames add up to; `connect` keeps one. */
export class Mirror {
  constructor(contiguous: boolean);
  rows: Map<string, Map<string, Row>>;
  stands: Map<string, { epoch: string; seq: number }>;
  take(frame: Frame): "taken" | "gap" | "awaited" | "repeated";
  subscriptions(topics: string[]): { subscriptions: string[]; resume?: { epoch: string; seq: Record<string, number> } }[];
}

/** Topic → how it is read over REST. */
export const READS: Record<string, Read>;
