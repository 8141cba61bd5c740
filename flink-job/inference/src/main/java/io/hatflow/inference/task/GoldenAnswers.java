package io.hatflow.inference.task;

/**
 * What the exporter's model answered to a golden input. What its task does not answer is empty.
 *
 * @param scores [C] of the document, for classification and multiple choice
 * @param segmentScores [S][C], for the same; of a model that reads symbols [W][C], for its windows
 * @param embedding [H] of the document, for embedding
 * @param tokenLogits a sample of the token logits, for masked LM
 * @param logLikelihoods [symbols], for language models
 */
@SuppressWarnings("ArrayRecordComponent") // read once, compared row by row
public record GoldenAnswers(
        float[] scores, float[][] segmentScores, float[] embedding, float[][] tokenLogits, float[] logLikelihoods) {}
