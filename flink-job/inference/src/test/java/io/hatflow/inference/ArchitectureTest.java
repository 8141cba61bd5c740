package io.hatflow.inference;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** The walls of the inference module. The rules also hold while the classes that they name do not exist. */
@AnalyzeClasses(packages = "io.hatflow", importOptions = DoNotIncludeTests.class)
class ArchitectureTest {

    @ArchTest
    static final ArchRule knowsNothingOfTheStreamingPlatform = noClasses()
            .that()
            .resideInAPackage("io.hatflow.inference..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                    "org.apache.flink..",
                    "org.apache.kafka..",
                    "org.apache.avro..",
                    "io.hatflow.events..",
                    "io.hatflow.job..")
            .because("the module is usable as a library, without Flink and Kafka")
            .allowEmptyShould(true);

    @ArchTest
    static final ArchRule onlyOnnxSessionTouchesOnnxRuntime = noClasses()
            .that()
            .doNotHaveFullyQualifiedName("io.hatflow.inference.onnx.OnnxSession")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("ai.onnxruntime..")
            .because("native sessions and tensors are opened, checked and closed in one place")
            .allowEmptyShould(true);

    @ArchTest
    static final ArchRule onlyTokenizerTouchesDjl = noClasses()
            .that()
            .doNotHaveFullyQualifiedName("io.hatflow.inference.text.Tokenizer")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("ai.djl..")
            .because("its defaults (truncation, code point offsets, downloads) are undone in one place")
            .allowEmptyShould(true);

    @ArchTest
    static final ArchRule hatKnowsNothingOfHourglass = noClasses()
            .that()
            .resideInAPackage("io.hatflow.inference.hat..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("io.hatflow.inference.hourglass..")
            .because("the architectures stand beside each other");

    @ArchTest
    static final ArchRule hourglassKnowsNothingOfHat = noClasses()
            .that()
            .resideInAPackage("io.hatflow.inference.hourglass..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("io.hatflow.inference.hat..")
            .because("the architectures stand beside each other");

    @ArchTest
    static final ArchRule whatTheyShareKnowsNeither = noClasses()
            .that()
            .resideInAnyPackage(
                    "io.hatflow.inference.batch..",
                    "io.hatflow.inference.bundle..",
                    "io.hatflow.inference.label..",
                    "io.hatflow.inference.onnx..",
                    "io.hatflow.inference.task..",
                    "io.hatflow.inference.text..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("io.hatflow.inference.hat..", "io.hatflow.inference.hourglass..")
            .because("batches, heads and labels are those of any architecture");

    @ArchTest
    static final ArchRule packagesHaveNoCycles =
            slices().matching("io.hatflow.(**)").should().beFreeOfCycles().allowEmptyShould(true);
}
