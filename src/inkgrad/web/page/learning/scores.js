/** How good a training is, by what its targets are: what that is called, what it means, and how it is said. */
import { percent, shown } from "../frame/make.js";

export const SCORES = {
  classes: {
    title: "Accuracy", share: true, text: percent, spoken: "test accuracy", column: "accuracy",
    train: ["Training", "The part of the training data that it gets right"],
    test: ["Test", "The part of the test data that it gets right, which it never learns from"],
  },
  numbers: {
    title: "Mean squared error", log: true, text: shown, spoken: "mean squared error on the test data",
    column: "mean_squared_error",
    train: ["Training MSE", "Mean squared error on the training data: the mean of (output − target)², twice the cost on them"],
    test: ["Test MSE", "Mean squared error on the test data, which it never learns from: the mean of (output − target)², " +
      "twice the cost on them"],
  },
};
