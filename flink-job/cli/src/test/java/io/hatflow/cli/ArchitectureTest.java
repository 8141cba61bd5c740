package io.hatflow.cli;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.belongToAnyOf;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import io.hatflow.inference.bundle.BundleException;
import io.hatflow.inference.bundle.BundleInfo;
import io.hatflow.inference.onnx.DeviceException;

/** The walls of the command line. */
@AnalyzeClasses(packages = "io.hatflow.cli", importOptions = DoNotIncludeTests.class)
class ArchitectureTest {

    @ArchTest
    static final ArchRule theCommandsUseTheInferenceModuleThroughItsFront = noClasses()
            .should()
            .dependOnClassesThat(resideInAPackage("io.hatflow.inference.*..")
                    .and(not(belongToAnyOf(BundleInfo.class, BundleException.class, DeviceException.class))))
            .because("what is behind the classifier may change without the commands");

    @ArchTest
    static final ArchRule whatOthersOwnStaysTheirs = noClasses()
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("ai.onnxruntime..", "ai.djl..", "kafka..")
            .because("the inference module owns sessions and tokenizers, the broker module the broker");
}
